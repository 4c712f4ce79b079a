package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kindred.models.training.TinyTraining.RANDOM_VIEWS;
import static org.kindred.models.training.TinyTraining.config;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InstDiscLoss;
import org.kindred.proto.pipeline.v1.Objective;

/** Every loss with a memory bank reads the bank that earlier steps left. */
final class BankOrderTest {

  @TempDir private Path directory;

  /** Weights and loss of a first step. */
  private record FirstStep(double loss, Map<String, FloatBuffer> weights) {}

  private FirstStep firstStep(Objective objective, String name) throws Exception {
    double[] loss = new double[1];
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(StepReport report) {
            loss[0] = report.loss();
          }
        };
    try (Trainer trainer = Trainer.open(config(objective, 1), directory.resolve(name), "print");
        TrainingRun run = trainer.start(RANDOM_VIEWS, listener)) {
      run.step();
      Map<String, FloatBuffer> weights = new TreeMap<>();
      try (Snapshot snapshot = trainer.graph().snapshot()) {
        snapshot
            .tensors()
            .forEach(
                (tensor, value) -> {
                  if (tensor.startsWith("network.")) {
                    FloatBuffer values = value.values();
                    weights.put(
                        tensor, FloatBuffer.allocate(values.remaining()).put(values).flip());
                  }
                });
      }
      return new FirstStep(loss[0], weights);
    }
  }

  static Stream<Objective> objectivesWithABank() {
    return Stream.concat(
        TinyTraining.OBJECTIVES.stream().filter(objective -> bankMomentum(objective) != null),
        Stream.of(
            Objective.newBuilder()
                .setInstdisc(
                    InstDisc.newBuilder()
                        .setLoss(InstDiscLoss.INST_DISC_LOSS_SAMPLED_SOFTMAX)
                        .setNoiseSamples(4))
                .build()));
  }

  private static Message message(Objective objective) {
    return (Message)
        objective.getField(
            Objective.getDescriptor().findFieldByNumber(objective.getKindCase().getNumber()));
  }

  private static FieldDescriptor bankMomentum(Objective objective) {
    return message(objective).getDescriptorForType().findFieldByName("bank_momentum");
  }

  private static Objective withBankMomentum(Objective objective, double momentum) {
    Message changed =
        message(objective).toBuilder().setField(bankMomentum(objective), momentum).build();
    return objective.toBuilder()
        .setField(
            Objective.getDescriptor().findFieldByNumber(objective.getKindCase().getNumber()),
            changed)
        .build();
  }

  /** The bank after a step depends on its momentum; the loss, and what follows it, must not. */
  @ParameterizedTest
  @MethodSource("objectivesWithABank")
  void theBankIsReadBeforeItIsWritten(Objective objective) throws Exception {
    FirstStep replaced = firstStep(withBankMomentum(objective, 0), "replaced");
    FirstStep kept = firstStep(withBankMomentum(objective, Math.nextDown(1f)), "kept");
    assertThat(replaced.loss).isEqualTo(kept.loss);
    assertThat(replaced.weights).isEqualTo(kept.weights);
  }
}
