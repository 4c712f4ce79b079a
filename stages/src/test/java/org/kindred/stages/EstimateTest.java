package org.kindred.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.runners.TransformHierarchy;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.DeepCluster;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvarianceRamp;
import org.kindred.proto.pipeline.v1.KnnProtocol;
import org.kindred.proto.pipeline.v1.LinearProbe;
import org.kindred.proto.pipeline.v1.MoCo;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PIRL;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.augment.AugmentStage;
import org.kindred.stages.cluster.ClusterStage;
import org.kindred.stages.evaluate.EvaluateStage;
import org.kindred.stages.extract.ExtractStage;
import org.kindred.stages.graph.GraphStage;
import org.kindred.stages.graph.PropagateStage;
import org.kindred.stages.ingest.IngestStage;
import org.kindred.stages.pretrain.PretrainStage;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.ImageTrees;
import org.kindred.stages.testing.StageRunner;

/** What stages foretell, each from what the one before it foretold, beside what they make. */
class EstimateTest {
  private static final int TRAIN = 1100;
  private static final int TEST = 150;
  private static final int CLASSES = 10;
  private static final int PROBE_EPOCHS = 2;

  /** Share of a table's bytes that an estimate may be off. */
  private static final double TOLERANCE = 0.03;

  /** Bytes of a file beside: metadata of the schema, and what fills buffers up to 8 bytes. */
  private static final double FILE_TOLERANCE = 256;

  @TempDir Path directory;
  private StageRunner runner;

  /** What was made, and what was foretold of it. */
  private final Map<String, StoredArtifact> made = new LinkedHashMap<>();

  private final Map<String, StoredArtifact> planned = new LinkedHashMap<>();

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  private static Map<String, StoredArtifact> bind(
      Map<String, StoredArtifact> artifacts, String... inputs) {
    Map<String, StoredArtifact> bound = new TreeMap<>();
    for (int i = 0; i < inputs.length; i += 2) {
      bound.put(inputs[i], artifacts.get(inputs[i + 1]));
    }
    return bound;
  }

  /** Runs a stage on what was made and estimates it on what was foretold. */
  private <C extends Message> Estimate compare(Stage<C> stage, C config, String... inputs)
      throws IOException {
    StoredArtifact artifact = runner.run(stage, config, bind(made, inputs));
    Estimate estimate =
        stage.estimate(runner.context(stage, config, bind(planned, inputs))).orElseThrow();
    made.put(stage.name(), artifact);
    planned.put(
        stage.name(),
        StoredArtifact.planned(stage.name(), estimate.content(), Producer.getDefaultInstance()));
    assertTables(estimate, artifact);
    assertThat(estimate.workItems())
        .as("work items of %s", stage.name())
        .isEqualTo(workItems(stage, runner.context(stage, config, bind(made, inputs))));
    assertThat(estimate.work().amount()).isPositive();
    assertThat(estimate.taskBytes()).isPositive();
    return estimate;
  }

  private static void assertTables(Estimate estimate, StoredArtifact artifact) {
    Map<String, Long> rows = new TreeMap<>();
    Map<String, Long> files = new TreeMap<>();
    Map<String, Double> bytes = new TreeMap<>();
    for (DataFile file : artifact.content().getFilesList()) {
      if (!file.getTable().isEmpty()) {
        rows.merge(file.getTable(), file.getRows(), Long::sum);
        files.merge(file.getTable(), 1L, Long::sum);
        bytes.merge(file.getTable(), (double) file.getBytes(), Double::sum);
      }
    }
    assertThat(estimate.tables())
        .extracting(TableSize::table)
        .containsExactlyInAnyOrderElementsOf(rows.keySet());
    for (TableSize table : estimate.tables()) {
      assertThat(table.rows()).as("rows of %s", table).isEqualTo(rows.get(table.table()));
      assertThat(table.files()).as("files of %s", table).isEqualTo(files.get(table.table()));
      double actual = bytes.get(table.table());
      if (table.table().equals("positives")) {
        assertThat(table.bytes()).as("bytes of %s", table).isBetween(actual, 4 * actual);
      } else {
        assertThat(table.bytes())
            .as("bytes of %s", table)
            .isCloseTo(actual, within(TOLERANCE * actual + FILE_TOLERANCE * table.files()));
      }
    }
    double others =
        artifact.content().getFilesList().stream()
            .filter(file -> file.getTable().isEmpty())
            .mapToDouble(DataFile::getBytes)
            .sum();
    assertThat(estimate.otherBytes()).isCloseTo(others, within(TOLERANCE * others));
  }

  /** Counts what a stage's pipeline hands out; a pipeline that hands out nothing is one task. */
  private static <C extends Message> long workItems(Stage<C> stage, StageContext<C> context) {
    Pipeline pipeline = Pipeline.create(PipelineOptionsFactory.create());
    pipeline.apply(StageTransform.of(stage, context));
    long[] items = new long[1];
    pipeline.traverseTopologically(
        new Pipeline.PipelineVisitor.Defaults() {
          @Override
          public CompositeBehavior enterCompositeTransform(TransformHierarchy.Node node) {
            if (node.getTransform() instanceof WorkItems<?> some) {
              items[0] += some.size();
            }
            return CompositeBehavior.ENTER_TRANSFORM;
          }
        });
    return stage.isOneTask() ? 1 : items[0];
  }

  private static RecipeConfig recipe(String preset) {
    return RecipeConfig.newBuilder().setPreset(preset).setSize(8).build();
  }

  @Test
  void everyStageForetellsWhatItMakes() throws IOException {
    Path cifar = directory.resolve("cifar");
    CifarFiles.write(cifar.resolve("data_batch_1.bin"), TRAIN, Pixels.VARIED);
    CifarFiles.write(cifar.resolve("test_batch.bin"), TEST, Pixels.VARIED);
    compare(new IngestStage(), CifarFiles.config(cifar).setShardRows(100).build());
    compare(
        new AugmentStage(),
        AugmentConfig.newBuilder().setViews(recipe("A-cifar-is")).setEpochs(2).build(),
        "dataset",
        "ingest");
    Estimate training =
        compare(
            new PretrainStage(),
            training(Objective.newBuilder().setInstdisc(InstDisc.getDefaultInstance()).build()),
            "dataset",
            "ingest",
            "views",
            "augment");
    assertThat(training.records()).as("whole batches").isEqualTo(2 * 17 * 64);
    compare(
        new ExtractStage(),
        ExtractConfig.newBuilder().setShardRows(120).build(),
        "dataset",
        "ingest",
        "model",
        "pretrain");
    compare(new GraphStage(), GraphConfig.newBuilder().setK(5).build(), "embeddings", "extract");
    compare(
        new PropagateStage(),
        PropagateConfig.newBuilder().setK(3).setHops(2).build(),
        "graph",
        "graph",
        "embeddings",
        "extract");
    compare(new ClusterStage(), ClusterConfig.getDefaultInstance(), "embeddings", "extract");
    Estimate evaluation =
        compare(
            new EvaluateStage(),
            EvaluateConfig.newBuilder()
                .addLayers("embedding")
                .addLayers("pooled")
                .setKnn(KnnProtocol.newBuilder().setK(10))
                .setLinearProbe(LinearProbe.newBuilder().setEpochs(PROBE_EPOCHS))
                .build(),
            "embeddings",
            "extract",
            "clustering",
            "cluster");
    assertThat(evaluation.flops())
        .as("two layers of two networks, and pixels; probes of one layer, and pixels")
        .isEqualTo(
            2.0 * TEST * TRAIN * (2 * 8 + 2 * 256 + 3 * 8 * 8)
                + 4.0 * PROBE_EPOCHS * TRAIN * CLASSES * (2 * 256 + 3 * 8 * 8));
  }

  private static PretrainConfig training(Objective objective) {
    return PretrainConfig.newBuilder()
        .setNetwork(
            Network.newBuilder()
                .setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF)
                .setEmbeddingDimension(8))
        .setViews(recipe("A-cifar-is"))
        .setEvaluation(recipe("test"))
        .setObjective(objective)
        .setEpochs(2)
        .setBatchSize(64)
        .setThreads(Runtime.getRuntime().availableProcessors())
        .build();
  }

  static Stream<Objective> objectives() {
    return Stream.of(
        Objective.newBuilder().setMoco(MoCo.newBuilder().setQueueLength(128)).build(),
        Objective.newBuilder()
            .setInvp(InvP.newBuilder().setRamp(InvarianceRamp.INVARIANCE_RAMP_CONSTANT))
            .build(),
        Objective.newBuilder().setPirl(PIRL.newBuilder().setNegatives(100)).build(),
        Objective.newBuilder()
            .setDeepcluster(DeepCluster.newBuilder().setClusters(20).setComponents(4))
            .build());
  }

  /** Momentum encoder, graph, jigsaw, clusters: all in the checkpoint; what each reports. */
  @ParameterizedTest
  @MethodSource("objectives")
  void whatAnObjectiveKeepsAndReportsIsForetold(Objective objective) throws IOException {
    Path cifar = directory.resolve("cifar");
    CifarFiles.write(cifar.resolve("data_batch_1.bin"), 300, Pixels.VARIED);
    compare(new IngestStage(), CifarFiles.config(cifar).build());
    compare(new PretrainStage(), training(objective), "dataset", "ingest");
  }

  @Test
  void imagesAreAsLargeAsTheFirstOnes() throws IOException {
    Path tree = ImageTrees.unpack(directory.resolve("tree"), 30, List.of("pants", "shoes"));
    compare(new IngestStage(), ImageTrees.config(tree).setShardRows(50).build());
  }

  @Test
  void graphsOfManyShards() throws IOException {
    List<EmbeddingSets.Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, 9000, 3));
    rows.addAll(EmbeddingSets.clustered("test", 30_000, 20, 3));
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), List.of("a", "b", "c"), rows);
    made.put("extract", embeddings);
    planned.put("extract", embeddings);
    Estimate graph =
        compare(
            new GraphStage(),
            GraphConfig.newBuilder().setK(4).setTileRows(4096).build(),
            "embeddings",
            "extract");
    assertThat(graph.workItems()).isEqualTo(6);
    assertThat(graph.flops()).isEqualTo(9000.0 * 8999 * 3);
    StoredArtifact plain = made.get("graph");
    StoredArtifact foretold = planned.get("graph");
    Estimate cross =
        compare(
            new GraphStage(),
            GraphConfig.newBuilder().setK(4).setTileRows(4096).setBaseSplit("test").build(),
            "embeddings",
            "extract");
    assertThat(cross.workItems()).isEqualTo(3);
    assertThat(cross.flops()).isEqualTo(2.0 * 9000 * 20 * 3);
    made.put("graph", plain);
    planned.put("graph", foretold);
    compare(
        new PropagateStage(),
        PropagateConfig.newBuilder().setK(3).setHops(2).setMaxPositives(6).build(),
        "graph",
        "graph",
        "embeddings",
        "extract");
  }

  @Test
  void anAssumedSourceIsCutLikeOneThatIsThere() throws IOException {
    Path cifar = directory.resolve("cifar");
    CifarFiles.write(cifar.resolve("data_batch_1.bin"), TRAIN, Pixels.VARIED);
    CifarFiles.write(cifar.resolve("test_batch.bin"), TEST, Pixels.VARIED);
    IngestStage stage = new IngestStage();
    var context =
        runner.context(stage, CifarFiles.config(cifar).setShardRows(100).build(), Map.of());
    SourceSize size =
        new SourceSize(
            new TreeMap<>(Map.of("train", (long) TRAIN, "test", (long) TEST)),
            OptionalInt.empty(),
            OptionalDouble.empty());
    Estimate assumed = stage.estimate(context, size).orElseThrow();
    Estimate there = stage.estimate(context).orElseThrow();
    assertThat(assumed.tables()).isEqualTo(there.tables());
    assertThat(assumed.workItems()).isEqualTo(there.workItems()).isEqualTo(13);
    assertThat(assumed.content().getDataset().getSplitsList())
        .isEqualTo(there.content().getDataset().getSplitsList());
  }
}
