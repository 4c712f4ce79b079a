package org.kindred.stages.pretrain;

import java.io.IOException;
import org.apache.beam.sdk.transforms.DoFn;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;

/**
 * Trains: takes a step for each element, whatever it holds, and with the last step stages the
 * model's files. After a resume there are more elements than steps; they do nothing.
 *
 * <p>An element is one step so that the runner sees the metrics, and can stop, between steps. All
 * elements must come to one instance, as they do in a job without parallelism.
 */
final class TrainFn extends DoFn<Long, Part> {
  private static final long serialVersionUID = 1L;

  private final StageContext<PretrainConfig> context;
  private transient Training training;
  private transient boolean staged;

  TrainFn(StageContext<PretrainConfig> context) {
    this.context = context;
  }

  @ProcessElement
  public void process(OutputReceiver<Part> output) throws IOException, InterruptedException {
    if (staged) {
      return;
    }
    if (training == null) {
      training = Training.open(context);
    }
    try {
      if (training.step()) {
        output.output(training.stage());
        staged = true;
        tearDown();
      }
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      // A runner may try again before it tears this instance down, and must find no lock then.
      training.closeAfter(e);
      training = null;
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
