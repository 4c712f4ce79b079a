package org.kindred.pipelines.report;

import java.util.ArrayList;
import java.util.List;

/** Figures by training step, made short enough to be drawn. */
final class TrainingCurve {
  /** Most points of a line: about the pixels that it has on a screen. */
  static final int MAX_POINTS = 1000;

  /** A smoothed point averages over one 40th of all points on either side. */
  private static final int SIDE_PARTS = 40;

  /**
   * A point of the chart.
   *
   * @param step last step that it stands for
   * @param epoch epoch of that step
   * @param loss mean loss of {@link #perPoint} steps
   * @param smoothed mean loss of {@link #window} steps around, fewer at the ends
   * @param rate learning rate of the last step
   */
  record Point(long step, int epoch, double loss, double smoothed, double rate) {}

  /**
   * One epoch.
   *
   * @param number the epoch
   * @param loss mean loss
   * @param rate learning rate of the last step
   */
  record Epoch(int number, double loss, double rate) {}

  private final int[] epochs;
  private final long[] steps;
  private final float[] loss;
  private final float[] rate;

  /** Wraps the columns of the table; at least one row, in order of step. */
  TrainingCurve(int[] epochs, long[] steps, float[] loss, float[] rate) {
    this.epochs = epochs;
    this.steps = steps;
    this.loss = loss;
    this.rate = rate;
  }

  /** Returns the epochs in order. */
  List<Epoch> epochs() {
    List<Epoch> result = new ArrayList<>();
    for (int start = 0, end; start < epochs.length; start = end) {
      end = start;
      while (end < epochs.length && epochs[end] == epochs[start]) {
        end++;
      }
      result.add(new Epoch(epochs[start], mean(loss, start, end), rate[end - 1]));
    }
    return result;
  }

  /** Returns how many steps a point is the mean of. */
  int perPoint() {
    return (loss.length + MAX_POINTS - 1) / MAX_POINTS;
  }

  /** Returns how many steps a smoothed point is the mean of. */
  int window() {
    return (2 * half() + 1) * perPoint();
  }

  /** Returns how many points before it, and as many after it, a smoothed point takes in. */
  private int half() {
    return loss.length / perPoint() / SIDE_PARTS;
  }

  /** Returns at most {@link #MAX_POINTS} points in order of step. */
  List<Point> points() {
    int perPoint = perPoint();
    int half = half();
    List<Point> points = new ArrayList<>();
    for (int start = 0; start < loss.length; start += perPoint) {
      int end = Math.min(loss.length, start + perPoint);
      int from = Math.max(0, start - half * perPoint);
      int to = Math.min(loss.length, start + (half + 1) * perPoint);
      points.add(
          new Point(
              steps[end - 1],
              epochs[end - 1],
              mean(loss, start, end),
              mean(loss, from, to),
              rate[end - 1]));
    }
    return points;
  }

  private static double mean(float[] values, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += values[i];
    }
    return sum / (to - from);
  }
}
