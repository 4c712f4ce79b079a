package org.kindred.stages.pretrain;

import java.io.IOException;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;

/**
 * Trains: takes a step for each element, with the last element all that are left, and stages the
 * model's files when the training is complete. Elements after that, as there are when a checkpoint
 * spared some steps, do nothing.
 *
 * <p>An element is a step so that the runner sees metrics, and can stop, between steps. Two
 * instances must not train side by side; they don't in a job of one task.
 */
final class TrainFn extends StepFn<Long, Part> {
  private static final long serialVersionUID = 1L;

  private final StageContext<PretrainConfig> context;
  private final long last;
  private transient Training training;
  private transient boolean staged;

  /**
   * Trains in the steps 0 to {@code last}.
   *
   * @param last the last element's number
   */
  TrainFn(StageContext<PretrainConfig> context, long last) {
    this.context = context;
    this.last = last;
  }

  @ProcessElement
  public void process(@Element Long step, OutputReceiver<Part> output)
      throws IOException, InterruptedException {
    if (staged) {
      return;
    }
    if (training == null) {
      training = Training.open(context);
    }
    try {
      boolean complete = training.step();
      while (!complete && step == last) {
        complete = training.step();
      }
      if (complete) {
        output.output(training.stage());
        staged = true;
        tearDown();
      }
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      // A runner may try again before it tears this instance down, and must find no lock then.
      if (training != null) {
        training.closeAfter(e);
        training = null;
      }
      throw e;
    }
  }

  @Teardown
  public void tearDown() throws IOException {
    if (training != null) {
      Training open = training;
      training = null;
      open.close();
    }
  }
}
