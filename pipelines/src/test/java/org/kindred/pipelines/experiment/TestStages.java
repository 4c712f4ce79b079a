package org.kindred.pipelines.experiment;

import com.google.protobuf.Message;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.PropagateConfig;

/** The built-in stages' configuration messages, and a reader that knows them. */
final class TestStages {
  static final Map<String, Message> CONFIGS =
      Map.of(
          "ingest", IngestConfig.getDefaultInstance(),
          "augment", AugmentConfig.getDefaultInstance(),
          "pretrain", PretrainConfig.getDefaultInstance(),
          "extract", ExtractConfig.getDefaultInstance(),
          "graph", GraphConfig.getDefaultInstance(),
          "propagate", PropagateConfig.getDefaultInstance(),
          "cluster", ClusterConfig.getDefaultInstance(),
          "evaluate", EvaluateConfig.getDefaultInstance());

  static final ExperimentReader READER =
      new ExperimentReader(
          stage -> Optional.ofNullable(CONFIGS.get(stage)),
          List.of(
              "ingest",
              "augment",
              "pretrain",
              "extract",
              "graph",
              "propagate",
              "cluster",
              "evaluate"));

  private TestStages() {}

  /** Reads YAML text that messages call {@code x.yaml}. */
  static ExperimentSpec read(String yaml, String... overrides) {
    return READER.parse("x.yaml", "x.yaml", Path.of("/experiments"), yaml, List.of(overrides));
  }
}
