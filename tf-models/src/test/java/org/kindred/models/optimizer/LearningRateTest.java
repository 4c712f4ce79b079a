package org.kindred.models.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kindred.models.Golden;
import org.kindred.proto.pipeline.v1.CosineSchedule;
import org.kindred.proto.pipeline.v1.Drop;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.SchedulePreset;
import org.kindred.proto.pipeline.v1.Sgd;
import org.kindred.proto.pipeline.v1.StepSchedule;

final class LearningRateTest {

  private static final Schedule CONSTANT = Schedule.getDefaultInstance();

  private static Sgd sgd(double rate) {
    return Sgd.newBuilder().setLearningRate(rate).build();
  }

  private static Schedule preset(SchedulePreset preset) {
    return Schedule.newBuilder().setPreset(preset).build();
  }

  private static Schedule cosine(int warmup, double start, double end, boolean perStep) {
    return Schedule.newBuilder()
        .setCosine(
            CosineSchedule.newBuilder()
                .setWarmupEpochs(warmup)
                .setStartFactor(start)
                .setFinalFactor(end)
                .setPerStep(perStep))
        .build();
  }

  private static Schedule steps(Object... epochsAndFactors) {
    StepSchedule.Builder steps = StepSchedule.newBuilder();
    for (int i = 0; i < epochsAndFactors.length; i += 2) {
      steps.addDrops(
          Drop.newBuilder()
              .setEpoch((Integer) epochsAndFactors[i])
              .setFactor((Double) epochsAndFactors[i + 1]));
    }
    return Schedule.newBuilder().setSteps(steps).build();
  }

  private static void check(Golden golden, String positions, int shift, LearningRate rate, int n) {
    JsonNode want = golden.expected().get("lr");
    int[] at = Golden.ints(golden.inputs().get(positions));
    assertThat(at).hasSize(want.size());
    for (int i = 0; i < at.length; i++) {
      double expected = want.get(i).asDouble();
      assertThat(rate.at(at[i] + shift, n))
          .as("%s %d", positions, at[i])
          .isCloseTo(expected, within(1e-9 * expected));
    }
  }

  /** With one step an epoch, a step is an epoch. */
  @ParameterizedTest
  @EnumSource(
      value = SchedulePreset.class,
      names = {
        "SCHEDULE_PRESET_INSTDISC_CIFAR",
        "SCHEDULE_PRESET_INSTDISC_IMAGENET",
        "SCHEDULE_PRESET_INVASPREAD_SEEN",
        "SCHEDULE_PRESET_INVASPREAD_UNSEEN",
        "SCHEDULE_PRESET_INVP_COSINE"
      })
  void presetsAgreeWithTheGoldenRates(SchedulePreset preset) {
    String name = preset.name().substring("SCHEDULE_PRESET_".length()).toLowerCase(Locale.ROOT);
    Golden golden = Golden.only("schedules", name);
    int epochs = golden.inputs().path("E").asInt(301);
    Sgd optimizer = sgd(golden.inputs().get("lr0").asDouble());
    check(golden, "epochs", 0, LearningRate.of(optimizer, preset(preset), epochs), 1);
  }

  /** The golden epochs, 1 to 799 with E = 800, are the reference's; here they are 0 to 798. */
  @Test
  void invpsReferenceCountsFromOneAndEndsOneEarly() {
    Golden golden = Golden.only("schedules", "invp_cosine");
    int epochs = golden.inputs().get("E").asInt() - 1;
    LearningRate rate =
        LearningRate.of(
            sgd(golden.inputs().get("lr0").asDouble()),
            preset(SchedulePreset.SCHEDULE_PRESET_INVP_COSINE_REFERENCE),
            epochs);
    check(golden, "epochs", -1, rate, 1);
    assertThatThrownBy(() -> rate.at(epochs, 1)).hasMessageContaining("valid is 0 to 798");
  }

  @Test
  void warmUpAndCosineAgreeWithTheGoldenRates() {
    Golden golden = Golden.only("schedules", "swav_warmup_cosine");
    JsonNode inputs = golden.inputs();
    double base = inputs.get("base").asDouble();
    LearningRate rate =
        LearningRate.of(
            sgd(base),
            cosine(
                inputs.get("warmup_epochs").asInt(),
                inputs.get("start").asDouble() / base,
                inputs.get("final").asDouble() / base,
                true),
            inputs.get("epochs").asInt());
    check(golden, "iterations", 0, rate, inputs.get("iters_per_epoch").asInt());
  }

  @Test
  void noGoldenScheduleIsLeftOut() {
    Set<String> names =
        Golden.cases("schedules", "").stream()
            .map(Golden::name)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(names)
        .containsExactly(
            "instdisc_cifar",
            "instdisc_imagenet",
            "invaspread_seen",
            "invaspread_unseen",
            "invp_cosine",
            "swav_warmup_cosine");
  }

  private static double[] rates(LearningRate rate, int stepsPerEpoch, long... steps) {
    return LongStream.of(steps).mapToDouble(step -> rate.at(step, stepsPerEpoch)).toArray();
  }

  @Test
  void invpsFirstReleaseDroppedThreeTimes() {
    Schedule schedule = preset(SchedulePreset.SCHEDULE_PRESET_INVP_STEP);
    LearningRate rate = LearningRate.of(sgd(1), schedule, 1000);
    assertThat(rates(rate, 1, 0, 399, 400, 599, 600, 699, 700, 999))
        .containsExactly(1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001);
  }

  /** SwAV's published rates: 0.3 to 4.8 in 10 epochs, then to 0.0048; 0.6 to 0.0006. */
  @Test
  void swavsPresetsAreItsPublishedRates() {
    LearningRate large =
        LearningRate.of(sgd(4.8), preset(SchedulePreset.SCHEDULE_PRESET_SWAV_LARGE_BATCH), 100);
    double[] rates = rates(large, 313, 0, 1, 10 * 313 - 1, 10 * 313, 55 * 313, 100 * 313 - 1);
    assertThat(rates)
        .containsExactly(
            new double[] {0.3, 0.3 + 4.5 / 3129, 4.8, 4.8, 2.4024, 0.0048}, within(1e-6));
    LearningRate small =
        LearningRate.of(sgd(0.6), preset(SchedulePreset.SCHEDULE_PRESET_SWAV_SMALL_BATCH), 200);
    assertThat(rates(small, 10, 0, 1000, 1999))
        .containsExactly(new double[] {0.6, 0.3003, 0.0006}, within(1e-6));
  }

  @Test
  void aRateHoldsForAnEpochOrAStep() {
    LearningRate byEpoch = LearningRate.of(sgd(8), cosine(0, 0, 0, false), 2);
    assertThat(rates(byEpoch, 3, 0, 1, 2, 3, 4, 5)).containsExactly(8, 8, 8, 4, 4, 4);
    LearningRate byStep = LearningRate.of(sgd(8), cosine(0, 0, 0, true), 2);
    assertThat(rates(byStep, 2, 0, 1, 2, 3))
        .containsExactly(new double[] {8, 4 + Math.sqrt(8), 4, 4 - Math.sqrt(8)}, within(1e-12));
    LearningRate drops = LearningRate.of(sgd(2), steps(1, 0.5), 3);
    assertThat(rates(drops, 4, 3, 4, 11)).containsExactly(2, 1, 1);
  }

  @Test
  void aWarmUpOfOneRateStartsThere() {
    LearningRate rate = LearningRate.of(sgd(2), cosine(1, 0.25, 0, false), 3);
    assertThat(rates(rate, 1, 0, 1, 2)).containsExactly(0.5, 2, 1);
  }

  @Test
  void dropsReplaceOneAnother() {
    LearningRate rate = LearningRate.of(sgd(2), steps(3, 0.5, 5, 0.25), 10);
    assertThat(rates(rate, 1, 0, 2, 3, 4, 5, 9)).containsExactly(2, 2, 1, 1, 0.5, 0.5);
  }

  @Test
  void isConstantWithoutASchedule() {
    LearningRate rate = LearningRate.of(sgd(0.03), CONSTANT, 10_000);
    assertThat(rates(rate, 400_000, 0, 3_999_999_999L)).containsExactly(0.03, 0.03);
  }

  @Test
  void aScheduleStartsAgain() {
    LearningRate drops =
        LearningRate.of(sgd(1), steps(2, 0.5).toBuilder().setRestartEpochs(3).build(), 7);
    assertThat(rates(drops, 2, 0, 3, 4, 5, 6, 9, 10, 12))
        .containsExactly(1, 1, 0.5, 0.5, 1, 1, 0.5, 1);
    Schedule perStep = cosine(0, 0, 0, true).toBuilder().setRestartEpochs(2).build();
    LearningRate cosine = LearningRate.of(sgd(8), perStep, 5);
    assertThat(rates(cosine, 1, 0, 1, 2, 3, 4)).containsExactly(8, 4, 8, 4, 8);
    // The last round of a training may be cut short, or the only one.
    LearningRate cut = LearningRate.of(sgd(1), CONSTANT.toBuilder().setRestartEpochs(9).build(), 2);
    assertThat(cut.at(1, 1)).isEqualTo(1);
  }

  private static void assertRefused(Sgd optimizer, Schedule schedule, String message) {
    assertThatThrownBy(() -> LearningRate.of(optimizer, schedule, 8))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void namesARateThatIsOutOfRange() {
    assertRefused(sgd(-1), CONSTANT, "optimizer.learning_rate is -1.0, valid is 0 or more, finite");
    assertRefused(
        sgd(Double.POSITIVE_INFINITY),
        CONSTANT,
        "optimizer.learning_rate is Infinity, valid is 0 or more, finite");
    assertRefused(
        sgd(Double.NaN), CONSTANT, "optimizer.learning_rate is NaN, valid is 0 or more, finite");
  }

  @Test
  void namesADropThatIsOutOfRange() {
    assertRefused(
        sgd(1),
        steps(5, 0.5, 5, 0.25),
        "schedule.steps.drops[1].epoch is 5, valid is above the one before it, 5");
    assertRefused(
        sgd(1), steps(10_001, 0.5), "schedule.steps.drops[0].epoch is 10001, valid is 0 to 10000");
    assertRefused(
        sgd(1), steps(-1, 0.5), "schedule.steps.drops[0].epoch is 4294967295, valid is 0 to 10000");
    assertRefused(
        sgd(1),
        steps(5, -0.5),
        "schedule.steps.drops[0].factor is -0.5, valid is 0 or more, finite");
  }

  @Test
  void namesACosineThatIsOutOfRange() {
    assertRefused(
        sgd(1),
        cosine(8, 0, 0, false),
        "schedule.cosine.warmup_epochs is 8, valid is 0 to 7, less than the schedule's epochs");
    assertRefused(
        sgd(1),
        cosine(3, 0, 0, false).toBuilder().setRestartEpochs(3).build(),
        "schedule.cosine.warmup_epochs is 3, valid is 0 to 2, less than the schedule's epochs");
    assertRefused(
        sgd(1), cosine(0, 1.5, 0, false), "schedule.cosine.start_factor is 1.5, valid is 0 to 1");
    assertRefused(
        sgd(1), cosine(0, 0, -0.5, false), "schedule.cosine.final_factor is -0.5, valid is 0 to 1");
  }

  @Test
  void namesAScheduleThatIsOutOfRange() {
    assertRefused(
        sgd(1), preset(SchedulePreset.SCHEDULE_PRESET_UNSPECIFIED), "schedule.preset is not set");
    assertRefused(
        sgd(1),
        preset(SchedulePreset.SCHEDULE_PRESET_SWAV_LARGE_BATCH),
        "schedule.preset is SCHEDULE_PRESET_SWAV_LARGE_BATCH, which warms up for 10 epochs, valid"
            + " for a schedule of 11 epochs or more, not of 8");
    assertRefused(
        sgd(1),
        CONSTANT.toBuilder().setRestartEpochs(10_001).build(),
        "schedule.restart_epochs is 10001, valid is 0 to 10000");
    assertThatThrownBy(() -> LearningRate.of(sgd(1), CONSTANT, 0))
        .hasMessage("epochs is 0, valid is 1 or more");
  }

  @Test
  void namesAStepThatTheTrainingDoesNotHave() {
    LearningRate rate = LearningRate.of(sgd(1), CONSTANT, 3);
    assertThatThrownBy(() -> rate.at(12, 4)).hasMessage("step is 12, valid is 0 to 11");
    assertThatThrownBy(() -> rate.at(-1, 4)).hasMessage("step is -1, valid is 0 to 11");
    assertThatThrownBy(() -> rate.at(0, 0))
        .hasMessage("steps of an epoch is 0, valid is 1 or more");
  }
}
