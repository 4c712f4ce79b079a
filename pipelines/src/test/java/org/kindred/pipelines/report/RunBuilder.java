package org.kindred.pipelines.report;

import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import com.google.protobuf.Value;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.Field;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Platform;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunState;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Digests;
import org.kindred.stages.artifact.Manifests;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging;
import org.kindred.stages.artifact.StoredArtifact;

/** Makes a run's record, step by step, and the artifacts that it speaks of. */
final class RunBuilder {

  /** Fills a table. */
  interface Rows {
    void write(TableWriter row) throws IOException;
  }

  /** A table of an artifact. */
  record Table(String name, List<Field> columns, Map<String, String> metadata, Rows rows) {}

  private static final Platform PLATFORM =
      Platform.newBuilder()
          .setOperatingSystem("TestOS 1")
          .setArchitecture("amd64")
          .setJava("17")
          .setProcessors(2)
          .setRunner("embedded")
          .build();

  private final ArtifactStore store;
  private final Map<String, StoredArtifact> artifacts = new LinkedHashMap<>();
  private final Run.Builder run =
      Run.newBuilder()
          .setId("20260102-030405-sample")
          .setExperiment("sample <b>")
          .setSource("preset sample")
          .addOverrides("graph.k=3")
          .setSeed(7)
          .setStarted(Timestamp.newBuilder().setSeconds(1767323045))
          .setFinished(Timestamp.newBuilder().setSeconds(1767323045 + 125))
          .setState(RunState.RUN_STATE_DONE)
          .setPlatform(PLATFORM)
          .setKindredVersion("0.1-test");

  RunBuilder(Path root) {
    store = ArtifactStore.open(root.toString());
  }

  ArtifactStore store() {
    return store;
  }

  Run build() {
    return run.build();
  }

  StoredArtifact artifact(String step) {
    return artifacts.get(step);
  }

  /** Adds a step that ran and read other steps; the step {@code data} was reused. */
  void step(String id, String stage, List<String> reads, Content payload, Table... tables)
      throws IOException {
    Staging staging = store.newStaging(Manifests.type(payload));
    List<StagedFile> files = new ArrayList<>();
    for (Table table : tables) {
      try (Staging.Shard shard =
          staging.newShard(table.name(), 0, table.columns(), table.metadata())) {
        table.rows().write(shard.writer());
        files.add(shard.finish());
      }
    }
    Producer producer = producer(id, stage, reads);
    Producer.Builder measured = producer.toBuilder().putMeasurements("images_per_second", 123.456);
    measured.getPlatformBuilder().setDevice("GPU X");
    artifacts.put(id, store.publish(staging, files, payload, measured.build()));
    StepAction action =
        id.equals("data") ? StepAction.STEP_ACTION_REUSED : StepAction.STEP_ACTION_RAN;
    run.addSteps(
        RunStep.newBuilder()
            .setId(id)
            .setStage(stage)
            .setAction(action)
            .setReason("because of " + id)
            .setArtifact(artifacts.get(id).digest())
            .setProducer(producer)
            .setSeconds(12.3));
  }

  private Producer producer(String id, String stage, List<String> reads) {
    Struct.Builder config =
        Struct.newBuilder()
            .putFields("k", Value.newBuilder().setNumberValue(3).build())
            .putFields("note", Value.newBuilder().setStringValue("a < b").build());
    Producer.Builder producer =
        Producer.newBuilder()
            .setStage(stage)
            .setImplementationVersion(3)
            .setConfig(config)
            .setSeed(7)
            .setReuseKey(Digests.of(("key of " + id).getBytes(StandardCharsets.UTF_8)))
            .putLibraries("tensorflow", "1.1.0")
            .setPlatform(PLATFORM);
    for (String read : reads) {
      StoredArtifact input = artifacts.get(read);
      producer.addInputs(
          InputRef.newBuilder().setName(read).setType(input.type()).setDigest(input.digest()));
    }
    return producer.build();
  }
}
