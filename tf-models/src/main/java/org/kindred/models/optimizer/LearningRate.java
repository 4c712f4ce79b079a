package org.kindred.models.optimizer;

import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.kindred.proto.pipeline.v1.Drop;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.SchedulePreset;
import org.kindred.proto.pipeline.v1.Sgd;

/** The learning rate of each epoch: the optimiser's rate times the schedule's factor. */
public final class LearningRate {

  private final double base;
  private final IntToDoubleFunction factor;

  private LearningRate(double base, IntToDoubleFunction factor) {
    this.base = base;
    this.factor = factor;
  }

  /**
   * Returns the learning rate of a configuration; constant when the schedule is not set.
   *
   * @throws IllegalArgumentException when the rate or a factor is negative, the preset not known,
   *     or the drops not in rising order
   */
  public static LearningRate of(Sgd optimizer, Schedule schedule) {
    double base = optimizer.getLearningRate();
    if (!(base >= 0)) {
      throw new IllegalArgumentException(
          "optimizer.learning_rate is " + base + ", valid is 0 or more");
    }
    return new LearningRate(
        base,
        switch (schedule.getKindCase()) {
          case PRESET -> preset(schedule.getPreset());
          case STEPS -> checked(schedule.getSteps().getDropsList());
          case KIND_NOT_SET -> epoch -> 1;
        });
  }

  /** Returns the learning rate of an epoch, counted from 0. */
  public double at(int epoch) {
    return base * factor.applyAsDouble(epoch);
  }

  private static IntToDoubleFunction preset(SchedulePreset preset) {
    return switch (preset) {
      case SCHEDULE_PRESET_INSTDISC_CIFAR ->
          epoch -> epoch < 80 ? 1 : Math.pow(0.1, Math.floorDiv(epoch - 80, 40));
      case SCHEDULE_PRESET_INSTDISC_IMAGENET -> steps(List.of(drop(120, 0.1), drop(160, 0.01)));
      case SCHEDULE_PRESET_INVASPREAD_SEEN ->
          steps(List.of(drop(120, 0.1), drop(160, 0.05), drop(200, 0.01)));
      case SCHEDULE_PRESET_INVASPREAD_UNSEEN -> steps(List.of(drop(20, 0.1), drop(40, 0.01)));
      case SCHEDULE_PRESET_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("schedule.preset is not set");
    };
  }

  private static Drop drop(int epoch, double factor) {
    return Drop.newBuilder().setEpoch(epoch).setFactor(factor).build();
  }

  private static IntToDoubleFunction checked(List<Drop> drops) {
    for (int i = 0; i < drops.size(); i++) {
      Drop drop = drops.get(i);
      String name = "schedule.steps.drops[" + i + "]";
      if (!(drop.getFactor() >= 0)) {
        throw new IllegalArgumentException(
            name + ".factor is " + drop.getFactor() + ", valid is 0 or more");
      }
      if (i > 0 && drop.getEpoch() <= drops.get(i - 1).getEpoch()) {
        throw new IllegalArgumentException(
            name
                + ".epoch is "
                + drop.getEpoch()
                + ", valid is above the one before it, "
                + drops.get(i - 1).getEpoch());
      }
    }
    return steps(drops);
  }

  /** The factor of the last drop that is not later than the epoch; 1 before the first. */
  private static IntToDoubleFunction steps(List<Drop> drops) {
    return epoch -> {
      double factor = 1;
      for (Drop drop : drops) {
        if (epoch >= drop.getEpoch()) {
          factor = drop.getFactor();
        }
      }
      return factor;
    };
  }
}
