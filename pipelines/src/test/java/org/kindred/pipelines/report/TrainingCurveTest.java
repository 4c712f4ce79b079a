package org.kindred.pipelines.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.kindred.pipelines.report.TrainingCurve.Epoch;
import org.kindred.pipelines.report.TrainingCurve.Point;

class TrainingCurveTest {

  /** Step i of an epoch of 100 steps has loss i. */
  private static TrainingCurve line(int steps) {
    float[] loss = new float[steps];
    float[] rate = new float[steps];
    for (int i = 0; i < steps; i++) {
      loss[i] = i;
      rate[i] = 1f / (1 + i / 100);
    }
    return new TrainingCurve(
        IntStream.range(0, steps).map(i -> i / 100).toArray(),
        LongStream.range(0, steps).toArray(),
        loss,
        rate);
  }

  @Test
  void shortCurveIsDrawnStepByStep() {
    TrainingCurve curve = line(3);
    assertThat(curve.perPoint()).isEqualTo(1);
    assertThat(curve.window()).isEqualTo(1);
    assertThat(curve.points())
        .containsExactly(
            new Point(0, 0, 0, 0, 1), new Point(1, 0, 1, 1, 1), new Point(2, 0, 2, 2, 1));
  }

  @Test
  void longCurveIsAveragedToPoints() {
    TrainingCurve curve = line(2 * TrainingCurve.MAX_POINTS + 1);
    List<Point> points = curve.points();
    assertThat(curve.perPoint()).isEqualTo(3);
    assertThat(points).hasSizeLessThanOrEqualTo(TrainingCurve.MAX_POINTS);
    assertThat(points.get(0).loss()).isEqualTo(1);
    assertThat(points.get(0).step()).isEqualTo(2);
    assertThat(points.get(points.size() - 1).step()).isEqualTo(2L * TrainingCurve.MAX_POINTS);
  }

  @Test
  void smoothingIsCentred() {
    TrainingCurve curve = line(1000);
    assertThat(curve.window()).isEqualTo(51);
    Point middle = curve.points().get(500);
    assertThat(middle.smoothed()).isEqualTo(middle.loss());
    assertThat(curve.points().get(0).smoothed()).isEqualTo(12.5);
    assertThat(line(46).window()).isEqualTo(3);
  }

  @Test
  void epochsHaveTheirOwnMeans() {
    assertThat(line(150).epochs()).containsExactly(new Epoch(0, 49.5, 1), new Epoch(1, 124.5, 0.5));
  }
}
