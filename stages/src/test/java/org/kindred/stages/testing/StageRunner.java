package org.kindred.stages.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions.CheckEnabled;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageTransform;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Digests;
import org.kindred.stages.artifact.Manifests;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * Runs stages on Beam's DirectRunner, with all of its checks: elements are not mutated, coders give
 * back what they took, transforms have unique names.
 *
 * @param store where artifacts are published
 * @param parallelism threads of the runner
 */
public record StageRunner(ArtifactStore store, int parallelism) {
  /** Seed of every stage. */
  public static final long SEED = 7;

  private static final long MAX_WAIT_MILLIS = 30_000;

  /** Runs stages in a store in this directory. */
  public static StageRunner in(Path store) {
    return new StageRunner(ArtifactStore.open(store.toString()), 2);
  }

  /** Returns what a stage is given; the same stage, configuration and inputs have the same key. */
  public <C extends Message> StageContext<C> context(
      Stage<C> stage, C config, Map<String, StoredArtifact> inputs) throws IOException {
    Producer.Builder producer =
        Producer.newBuilder()
            .setStage(stage.name())
            .setImplementationVersion(stage.version())
            .setConfig(struct(config))
            .setSourceFingerprint(stage.sourceFingerprint(config))
            .setSeed(SEED);
    new TreeMap<>(inputs)
        .forEach(
            (name, artifact) ->
                producer.addInputs(
                    InputRef.newBuilder()
                        .setName(name)
                        .setType(artifact.type())
                        .setDigest(artifact.digest())));
    String key = Digests.of(Manifests.toJson(producer.build()));
    return new StageContext<>(
        stage.name(),
        config,
        SEED,
        inputs,
        store,
        store.newStaging(stage.output()),
        producer.setReuseKey(key).build());
  }

  private static Struct struct(Message config) throws IOException {
    Struct.Builder struct = Struct.newBuilder();
    JsonFormat.parser()
        .merge(JsonFormat.printer().preservingProtoFieldNames().print(config), struct);
    return struct.build();
  }

  /**
   * Checks, runs and publishes.
   *
   * @throws StageException or ArtifactException as a worker threw it, without Beam's wrapping
   */
  public <C extends Message> StoredArtifact run(
      Stage<C> stage, C config, Map<String, StoredArtifact> inputs) throws IOException {
    stage.checkConfig(config);
    stage.checkInputs(config, inputs.keySet());
    StageContext<C> context = context(stage, config, inputs);
    stage.check(context);
    Pipeline pipeline = Pipeline.create(options(stage));
    pipeline.apply(StageTransform.of(stage, context));
    try {
      pipeline.run().waitUntilFinish();
    } catch (RuntimeException e) {
      awaitWorkers();
      throw forUsers(e);
    }
    String digest = store.lookup(context.producer().getReuseKey()).orElseThrow().getArtifact();
    StoredArtifact artifact = store.get(digest).orElseThrow();
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(artifact.type()).isEqualTo(stage.output());
    return artifact;
  }

  /** Runs a stage that has no inputs. */
  public <C extends Message> StoredArtifact run(Stage<C> stage, C config) throws IOException {
    return run(stage, config, Map.of());
  }

  private DirectOptions options(Stage<?> stage) {
    DirectOptions options = PipelineOptionsFactory.as(DirectOptions.class);
    options.setRunner(DirectRunner.class);
    options.setTargetParallelism(stage.isOneTask() ? 1 : parallelism);
    options.setEnforceImmutability(true);
    options.setEnforceEncodability(true);
    options.setStableUniqueNames(CheckEnabled.ERROR);
    return options;
  }

  /** The runner reports a failure while other workers are still writing. */
  private static void awaitWorkers() {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("direct-runner-worker")) {
        try {
          thread.join(MAX_WAIT_MILLIS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  private static RuntimeException forUsers(RuntimeException failure) {
    RuntimeException found = failure;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof StageException || cause instanceof ArtifactException) {
        found = (RuntimeException) cause;
      }
    }
    return found;
  }
}
