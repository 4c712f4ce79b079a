package org.kindred.models.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kindred.models.Golden;
import org.kindred.proto.pipeline.v1.Drop;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.SchedulePreset;
import org.kindred.proto.pipeline.v1.Sgd;
import org.kindred.proto.pipeline.v1.StepSchedule;

final class LearningRateTest {

  private static Sgd sgd(double rate) {
    return Sgd.newBuilder().setLearningRate(rate).build();
  }

  @ParameterizedTest
  @EnumSource(
      value = SchedulePreset.class,
      names = {"SCHEDULE_PRESET_UNSPECIFIED", "UNRECOGNIZED"},
      mode = EnumSource.Mode.EXCLUDE)
  void presetsAgreeWithTheGoldenRates(SchedulePreset preset) {
    String name = preset.name().substring("SCHEDULE_PRESET_".length()).toLowerCase(Locale.ROOT);
    Golden golden = Golden.only("schedules", name);
    LearningRate rate =
        LearningRate.of(
            sgd(golden.inputs().get("lr0").asDouble()),
            Schedule.newBuilder().setPreset(preset).build());
    JsonNode want = golden.expected().get("lr");
    int[] epochs = Golden.ints(golden.inputs().get("epochs"));
    assertThat(epochs).hasSize(want.size());
    for (int i = 0; i < epochs.length; i++) {
      double expected = want.get(i).asDouble();
      assertThat(rate.at(epochs[i]))
          .as("epoch %d", epochs[i])
          .isBetween(expected * (1 - 1e-9), expected * (1 + 1e-9));
    }
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

  @Test
  void dropsReplaceOneAnother() {
    LearningRate rate = LearningRate.of(sgd(2), steps(3, 0.5, 5, 0.25));
    assertThat(new double[] {rate.at(0), rate.at(2), rate.at(3), rate.at(4), rate.at(5)})
        .containsExactly(2, 2, 1, 1, 0.5);
    assertThat(rate.at(1000)).isEqualTo(0.5);
  }

  @Test
  void isConstantWithoutASchedule() {
    LearningRate rate = LearningRate.of(sgd(0.03), Schedule.getDefaultInstance());
    assertThat(rate.at(0)).isEqualTo(0.03);
    assertThat(rate.at(9999)).isEqualTo(0.03);
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> LearningRate.of(sgd(-1), Schedule.getDefaultInstance()))
        .hasMessage("optimizer.learning_rate is -1.0, valid is 0 or more");
    assertThatThrownBy(() -> LearningRate.of(sgd(1), steps(5, 0.5, 5, 0.25)))
        .hasMessage("schedule.steps.drops[1].epoch is 5, valid is above the one before it, 5");
    assertThatThrownBy(() -> LearningRate.of(sgd(1), steps(5, -0.5)))
        .hasMessage("schedule.steps.drops[0].factor is -0.5, valid is 0 or more");
    Schedule unset =
        Schedule.newBuilder().setPreset(SchedulePreset.SCHEDULE_PRESET_UNSPECIFIED).build();
    assertThatThrownBy(() -> LearningRate.of(sgd(1), unset))
        .hasMessage("schedule.preset is not set");
  }
}
