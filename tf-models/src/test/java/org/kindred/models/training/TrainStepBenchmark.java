package org.kindred.models.training;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.Checkpoints;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.Sgd;

/**
 * Measures training: CIFAR ResNet-18, InvaSpread, two views of 128 examples a step, random bytes,
 * through the whole trainer. Prints one line of JSON with the median over the steps.
 *
 * <p>Arguments: {@code FLOAT32|BFLOAT16}, number of measured steps (5), threads (0: one per
 * processor). Two more steps go before to warm up.
 */
final class TrainStepBenchmark {

  private static final int BATCH = 128;
  private static final int WARM_UP = 2;

  private TrainStepBenchmark() {}

  public static void main(String[] arguments) throws Exception {
    Precision precision = Precision.valueOf("PRECISION_" + arguments[0]);
    int steps = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
    int threads = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 0;
    TrainingConfig config =
        new TrainingConfig(
            Network.getDefaultInstance(),
            Normalize.getDefaultInstance(),
            Objective.newBuilder().setInvaspread(InvaSpread.getDefaultInstance()).build(),
            Sgd.getDefaultInstance(),
            Schedule.getDefaultInstance(),
            1,
            BATCH,
            1,
            Checkpoints.getDefaultInstance(),
            precision,
            threads,
            1,
            BATCH * (WARM_UP + steps),
            32);
    byte[] pixels = new byte[32 * 32 * 3 * BATCH];
    new Random(1).nextBytes(pixels);
    BatchSource source =
        (epoch, rows, view, target) ->
            target
                .put(ByteBuffer.wrap(pixels, view, target.remaining() - view))
                .put(pixels, 0, view);
    List<Double> speeds = new ArrayList<>();
    Path checkpoints = Files.createTempDirectory("kindred-benchmark");
    try (Trainer trainer = Trainer.open(config, checkpoints, "benchmark")) {
      trainer.train(
          source,
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              if (report.step() >= WARM_UP) {
                speeds.add(report.imagesPerSecond());
              }
            }
          });
      Files.delete(trainer.checkpoint());
    }
    Files.delete(checkpoints);
    Collections.sort(speeds);
    double median = speeds.get(speeds.size() / 2);
    System.out.printf(
        Locale.ROOT,
        "{\"benchmark\": \"train-step\", \"precision\": \"%s\", \"images_per_s\": %.1f,"
            + " \"step_s\": %.3f, \"batch\": %d, \"views\": 2, \"steps\": %d}%n",
        arguments[0].toLowerCase(Locale.ROOT),
        median,
        2 * BATCH / median,
        BATCH,
        steps);
  }
}
