package org.kindred.stages.pretrain;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.kindred.models.network.TorchvisionWeights;
import org.kindred.models.safetensors.DamagedFileException;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.Digests;
import org.kindred.stages.artifact.StoreFiles;

/** The file from which a network takes its backbone's weights before training. */
final class InitialWeights {
  private static final String FIELD = "pretrain.initial_weights";

  private InitialWeights() {}

  /** Identifies the file by its bytes, so that one that was only touched is no reason to train. */
  static String fingerprint(PretrainConfig config) throws IOException {
    if (config.getInitialWeights().isEmpty()) {
      return "";
    }
    StoreFiles files = StoreFiles.of(config.getInitialWeights());
    String path = files.absolute(config.getInitialWeights());
    if (files.size(path) < 0) {
      throw new StageException("%s is %s, where there is no file".formatted(FIELD, path));
    }
    try (InputStream in = files.open(path)) {
      return "sha256:" + Digests.of(in);
    }
  }

  /**
   * Reads the weights as they were when the step was planned; none where none are configured.
   *
   * @return by their names in a checkpoint
   * @throws StageException if the file has changed since, or does not hold the weights of the
   *     configured network
   */
  static Map<String, NamedTensor> read(StageContext<PretrainConfig> context) throws IOException {
    String planned = context.producer().getSourceFingerprint();
    String actual = fingerprint(context.config());
    if (!actual.equals(planned)) {
      throw new StageException(
          "%s: %s has %s, but had %s when step %s was planned; run it again"
              .formatted(
                  FIELD, context.config().getInitialWeights(), actual, planned, context.step()));
    }
    return read(context.config());
  }

  /**
   * Reads the weights; none where none are configured.
   *
   * @throws StageException if the file does not hold the weights of the configured network
   */
  static Map<String, NamedTensor> read(PretrainConfig config) throws IOException {
    if (config.getInitialWeights().isEmpty()) {
      return Map.of();
    }
    StoreFiles files = StoreFiles.of(config.getInitialWeights());
    try {
      return TorchvisionWeights.read(
          files.local(files.absolute(config.getInitialWeights())), config.getNetwork());
    } catch (IllegalArgumentException | DamagedFileException e) {
      throw new StageException(FIELD + ": " + e.getMessage(), e);
    }
  }
}
