package org.kindred.runners.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Every stage once, on few images and in seconds. */
final class SmallExperiment {
  private static final String YAML =
      """
      name: small
      seed: 3
      steps:
        - stage: ingest
          config: {source: "%s", format: image_tree, shard_rows: 50}
        - stage: augment
          config: {views: {preset: A-cifar-is, size: 32}}
        - stage: pretrain
          inputs: {views: augment}
          config:
            network: {architecture: resnet10_half, embedding_dimension: 16}
            views: {preset: A-cifar-is, size: 32}
            evaluation: {preset: test, size: 32}
            objective: {invaspread: {temperature: 0.2}}
            epochs: 2
            batch_size: 32
            monitor: {k: 5}
        - stage: extract
          config: {layers: [embedding, pooled], shard_rows: 50}
        - stage: graph
          config: {k: 5}
        - stage: propagate
          config: {k: 3, hops: 2}
        - stage: cluster
          config: {split: test}
        - stage: evaluate
          inputs: {clustering: cluster}
          config:
            layers: [embedding, pooled]
            knn: {k: 10}
            gallery_queries: 4
            linear_probe: {epochs: 5}
      """;

  private SmallExperiment() {}

  /** Writes the experiment to a file and returns its path. */
  static String write(Path file, Path photographs) throws IOException {
    return Files.writeString(file, YAML.formatted(photographs)).toString();
  }

  /** Writes the step `ingest` alone. */
  static String writeIngest(Path file, Path photographs) throws IOException {
    String yaml = YAML.formatted(photographs);
    return Files.writeString(file, yaml.substring(0, yaml.indexOf("  - stage: augment")))
        .toString();
  }
}
