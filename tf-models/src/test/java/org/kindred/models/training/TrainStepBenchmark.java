package org.kindred.models.training;

import com.google.protobuf.TextFormat;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.Checkpoints;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.Sgd;

/**
 * Measures training through the whole trainer: random bytes, 50,000 examples, 128 of them a step.
 * Prints one line of JSON with the medians over the steps.
 *
 * <p>Arguments: {@code FLOAT32|BFLOAT16}, objective in protobuf's text format ({@code invaspread
 * {}}), architecture ({@code RESNET18_CIFAR}), side of a view in pixels (32), number of measured
 * steps (5). A small architecture on views of 4 pixels leaves little but the objective. Three steps
 * go before to warm up.
 */
final class TrainStepBenchmark {

  private static final int BATCH = 128;
  private static final int EXAMPLES = 50_000;
  private static final int WARM_UP = 3;

  private TrainStepBenchmark() {}

  public static void main(String[] arguments) throws Exception {
    Precision precision = Precision.valueOf("PRECISION_" + arguments[0]);
    Objective objective = TextFormat.parse(arguments[1], Objective.class);
    Architecture architecture = Architecture.valueOf("ARCHITECTURE_" + arguments[2]);
    int side = Integer.parseInt(arguments[3]);
    int steps = Integer.parseInt(arguments[4]);
    TrainingConfig config =
        new TrainingConfig(
            Network.newBuilder().setArchitecture(architecture).build(),
            Normalize.getDefaultInstance(),
            objective,
            Sgd.getDefaultInstance(),
            Schedule.getDefaultInstance(),
            1,
            BATCH,
            1,
            Checkpoints.getDefaultInstance(),
            precision,
            0,
            1,
            EXAMPLES,
            side);
    List<StepReport> reports = train(config, steps);
    double speed = median(reports.stream().map(StepReport::imagesPerSecond).toList());
    System.out.printf(
        Locale.ROOT,
        "{\"benchmark\": \"train-step\", \"images_per_s\": %.1f, \"step_s\": %.4f, \"input_wait\": %.5f}%n",
        speed,
        config.imagesPerStep() / speed,
        median(reports.stream().map(StepReport::inputWait).toList()));
  }

  private static List<StepReport> train(TrainingConfig config, int steps) throws Exception {
    byte[] pixels = new byte[1 << 20];
    new Random(1).nextBytes(pixels);
    BatchSource source =
        (epoch, rows, view, target) ->
            target
                .put(ByteBuffer.wrap(pixels, view, target.remaining() - view))
                .put(pixels, 0, view);
    List<StepReport> reports = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(StepReport report) {
            if (report.step() >= WARM_UP) {
              reports.add(report);
            }
          }
        };
    Path checkpoints = Files.createTempDirectory("kindred-benchmark");
    try (Trainer trainer = Trainer.open(config, checkpoints, "benchmark");
        TrainingRun run = trainer.start(source, listener)) {
      while (reports.size() < steps) {
        run.step();
      }
    }
    Files.delete(checkpoints);
    return reports;
  }

  private static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }
}
