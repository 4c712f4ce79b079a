package org.kindred.models.optimizer;

import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.kindred.proto.pipeline.v1.CosineSchedule;
import org.kindred.proto.pipeline.v1.Drop;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.SchedulePreset;
import org.kindred.proto.pipeline.v1.Sgd;
import org.kindred.proto.pipeline.v1.StepSchedule;

/**
 * The learning rate of each step: the optimiser's rate times the schedule's factor. Most schedules
 * change it between epochs, some between steps.
 */
public final class LearningRate {

  private static final int MAX_EPOCHS = 10_000;

  /** SwAV's warm-up, and the last rate of its cosine, over the base rate. */
  private static final CosineSchedule SWAV_LARGE_BATCH =
      CosineSchedule.newBuilder()
          .setWarmupEpochs(10)
          .setStartFactor(0.0625)
          .setFinalFactor(0.001)
          .setPerStep(true)
          .build();

  private static final CosineSchedule SWAV_SMALL_BATCH =
      CosineSchedule.newBuilder().setFinalFactor(0.001).setPerStep(true).build();

  /** The factor of a step, counted from the schedule's last start. */
  private interface Factor {
    double at(long step, int stepsPerEpoch);
  }

  private final double base;
  private final Factor factor;
  private final int epochs;
  private final int roundEpochs;

  private LearningRate(double base, Factor factor, int epochs, int roundEpochs) {
    this.base = base;
    this.factor = factor;
    this.epochs = epochs;
    this.roundEpochs = roundEpochs;
  }

  /**
   * Returns the learning rate of a configuration; constant when the schedule is not set.
   *
   * @param epochs epochs of the whole training, 1 or more; a cosine ends with them, or with each
   *     round when the schedule restarts
   * @throws IllegalArgumentException when a field is out of its range
   */
  public static LearningRate of(Sgd optimizer, Schedule schedule, int epochs) {
    double base = optimizer.getLearningRate();
    Require.notNegative("optimizer.learning_rate", base);
    Require.valid(epochs >= 1, "epochs", epochs, "1 or more");
    int restart = schedule.getRestartEpochs();
    requireEpochs("schedule.restart_epochs", restart);
    int roundEpochs = restart == 0 ? epochs : restart;
    return new LearningRate(base, factor(schedule, roundEpochs), epochs, roundEpochs);
  }

  /**
   * Returns the learning rate of a step.
   *
   * @param step step of the whole training, from 0
   * @param stepsPerEpoch steps of an epoch, 1 or more
   * @throws IllegalArgumentException when the training has no such step
   */
  public double at(long step, int stepsPerEpoch) {
    Require.valid(stepsPerEpoch >= 1, "steps of an epoch", stepsPerEpoch, "1 or more");
    long steps = (long) epochs * stepsPerEpoch;
    Require.valid(step >= 0 && step < steps, "step", step, "0 to " + (steps - 1));
    return base * factor.at(step % ((long) roundEpochs * stepsPerEpoch), stepsPerEpoch);
  }

  private static Factor factor(Schedule schedule, int epochs) {
    return switch (schedule.getKindCase()) {
      case PRESET -> preset(schedule.getPreset(), epochs);
      case STEPS -> byEpoch(drops(checked(schedule.getSteps())));
      case COSINE -> cosine(checked(schedule.getCosine(), epochs), epochs);
      case KIND_NOT_SET -> (step, stepsPerEpoch) -> 1;
    };
  }

  private static Factor preset(SchedulePreset preset, int epochs) {
    return switch (preset) {
      case SCHEDULE_PRESET_INSTDISC_CIFAR ->
          byEpoch(epoch -> epoch < 80 ? 1 : Math.pow(0.1, Math.floorDiv(epoch - 80, 40)));
      case SCHEDULE_PRESET_INSTDISC_IMAGENET ->
          byEpoch(drops(List.of(drop(120, 0.1), drop(160, 0.01))));
      case SCHEDULE_PRESET_INVASPREAD_SEEN ->
          byEpoch(drops(List.of(drop(120, 0.1), drop(160, 0.05), drop(200, 0.01))));
      case SCHEDULE_PRESET_INVASPREAD_UNSEEN ->
          byEpoch(drops(List.of(drop(20, 0.1), drop(40, 0.01))));
      case SCHEDULE_PRESET_INVP_COSINE -> byEpoch(epoch -> halfCosine(epoch, epochs));
      case SCHEDULE_PRESET_INVP_COSINE_REFERENCE ->
          byEpoch(epoch -> halfCosine(epoch + 1, epochs + 1));
      case SCHEDULE_PRESET_INVP_STEP ->
          byEpoch(drops(List.of(drop(400, 0.1), drop(600, 0.01), drop(700, 0.001))));
      case SCHEDULE_PRESET_SWAV_LARGE_BATCH -> {
        int warmup = SWAV_LARGE_BATCH.getWarmupEpochs();
        if (warmup >= epochs) {
          throw new IllegalArgumentException(
              "schedule.preset is %s, which warms up for %d epochs, valid for a schedule of %d epochs or more, not of %d"
                  .formatted(preset, warmup, warmup + 1, epochs));
        }
        yield cosine(SWAV_LARGE_BATCH, epochs);
      }
      case SCHEDULE_PRESET_SWAV_SMALL_BATCH -> cosine(SWAV_SMALL_BATCH, epochs);
      case SCHEDULE_PRESET_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("schedule.preset is not set");
    };
  }

  private static Drop drop(int epoch, double factor) {
    return Drop.newBuilder().setEpoch(epoch).setFactor(factor).build();
  }

  private static List<Drop> checked(StepSchedule schedule) {
    List<Drop> drops = schedule.getDropsList();
    for (int i = 0; i < drops.size(); i++) {
      Drop drop = drops.get(i);
      String name = "schedule.steps.drops[" + i + "]";
      requireEpochs(name + ".epoch", drop.getEpoch());
      Require.notNegative(name + ".factor", drop.getFactor());
      if (i > 0) {
        int before = drops.get(i - 1).getEpoch();
        Require.valid(
            drop.getEpoch() > before,
            name + ".epoch",
            drop.getEpoch(),
            "above the one before it, " + before);
      }
    }
    return drops;
  }

  private static CosineSchedule checked(CosineSchedule schedule, int epochs) {
    String name = "schedule.cosine.";
    int warmup = schedule.getWarmupEpochs();
    Require.valid(
        warmup >= 0 && warmup < epochs,
        name + "warmup_epochs",
        Integer.toUnsignedLong(warmup),
        "0 to " + (epochs - 1) + ", less than the schedule's epochs");
    requireFactor(name + "start_factor", schedule.getStartFactor());
    requireFactor(name + "final_factor", schedule.getFinalFactor());
    return schedule;
  }

  private static void requireFactor(String field, double value) {
    Require.valid(value >= 0 && value <= 1, field, value, "0 to 1");
  }

  /** The fields are unsigned, and what is above the range of int comes as a negative one. */
  private static void requireEpochs(String field, int value) {
    Require.valid(
        value >= 0 && value <= MAX_EPOCHS,
        field,
        Integer.toUnsignedLong(value),
        "0 to " + MAX_EPOCHS);
  }

  private static Factor byEpoch(IntToDoubleFunction factor) {
    return (step, stepsPerEpoch) -> factor.applyAsDouble((int) (step / stepsPerEpoch));
  }

  /** The factor of the last drop that is not later than the epoch; 1 before the first. */
  private static IntToDoubleFunction drops(List<Drop> drops) {
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

  private static Factor cosine(CosineSchedule schedule, int epochs) {
    double start = schedule.getStartFactor();
    double end = schedule.getFinalFactor();
    return (step, stepsPerEpoch) -> {
      int ratesPerEpoch = schedule.getPerStep() ? stepsPerEpoch : 1;
      long position = schedule.getPerStep() ? step : step / stepsPerEpoch;
      long warmup = (long) schedule.getWarmupEpochs() * ratesPerEpoch;
      if (position < warmup) {
        return start + (1 - start) * position / Math.max(1, warmup - 1);
      }
      long length = (long) epochs * ratesPerEpoch - warmup;
      return end + (1 - end) * halfCosine(position - warmup, length);
    };
  }

  /** Falls from 1 at 0 to 0 at {@code length}. */
  private static double halfCosine(long position, long length) {
    return (1 + Math.cos(Math.PI * position / length)) / 2;
  }
}
