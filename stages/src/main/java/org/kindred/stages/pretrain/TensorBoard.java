package org.kindred.stages.pretrain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.kindred.models.events.EventWriter;
import org.kindred.models.training.EpochReport;
import org.kindred.models.training.StepReport;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.StageContext;

/**
 * Event files of one training, below {@code tensorboard/} in the store: {@code tensorboard --logdir
 * STORE/tensorboard}.
 */
final class TensorBoard implements AutoCloseable {
  private static final int KEY_DIGITS = 12;

  private final EventWriter writer;

  TensorBoard(StageContext<PretrainConfig> context) throws IOException {
    String key = context.producer().getReuseKey().substring(0, KEY_DIGITS);
    String directory = context.store().root() + "/tensorboard/" + context.step() + "-" + key;
    writer = new EventWriter(context.store().files().localDirectory(directory));
  }

  void step(StepReport report, long globalStep) {
    scalar("train/loss", globalStep, report.loss());
    scalar("train/learning_rate", globalStep, report.learningRate());
    report.measures().forEach((name, value) -> scalar("train/" + name, globalStep, value));
    scalar("speed/images_per_second", globalStep, report.imagesPerSecond());
    scalar("speed/input_wait", globalStep, report.inputWait());
  }

  void epoch(EpochReport report, Map<String, Double> measured) {
    scalar("epoch/mean_loss", report.epoch(), report.meanLoss());
    report.measures().forEach((name, value) -> scalar("epoch/" + name, report.epoch(), value));
    measured.forEach((name, value) -> scalar("epoch/" + name, report.epoch(), value));
    try {
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void scalar(String tag, long step, double value) {
    try {
      writer.scalar(tag, step, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }
}
