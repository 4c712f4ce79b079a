package org.kindred.stages;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.Artifact;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.ClusterStart;
import org.kindred.proto.pipeline.v1.DeepClusterV2;
import org.kindred.proto.pipeline.v1.EmptyClusterRule;
import org.kindred.proto.pipeline.v1.Execution;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;
import org.kindred.stages.artifact.StoreFiles;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.cluster.ClusterStage;
import org.kindred.stages.extract.ExtractStage;
import org.kindred.stages.graph.PropagateStage;
import org.kindred.stages.image.Recipes;
import org.kindred.stages.pretrain.PretrainStage;
import org.kindred.stages.testing.StageRunner;

/** Inputs that are too large for any machine are refused before a byte of them is read. */
class MemoryTest {
  private static final double GIB = 1L << 30;

  @TempDir Path directory;
  private StageRunner runner;

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  /** An artifact of which there is but the manifest. */
  private static StoredArtifact artifact(Content.Builder content) {
    Artifact manifest = Artifact.newBuilder().setDigest("d1").setContent(content).build();
    return new StoredArtifact(StoreFiles.of("/"), "/nowhere", manifest);
  }

  private static Split split(String name, long examples) {
    return Split.newBuilder().setName(name).setExamples(examples).build();
  }

  private static StoredArtifact embeddings(long examples, int dimension) {
    FeatureTable table =
        FeatureTable.newBuilder()
            .setSource(FeatureSource.FEATURE_SOURCE_LEARNED)
            .setLayer("embedding")
            .setDimension(dimension)
            .setTable("learned-embedding")
            .build();
    return artifact(
        Content.newBuilder()
            .setEmbeddingSet(
                EmbeddingSet.newBuilder().addFeatures(table).addSplits(split("test", examples))));
  }

  private void checkCluster(long examples, int dimension, int clusters) throws IOException {
    ClusterStage stage = new ClusterStage();
    stage.check(
        runner.context(
            stage,
            ClusterConfig.newBuilder()
                .setClusters(clusters)
                .setExecution(Execution.EXECUTION_IN_MEMORY)
                .build(),
            Map.of("embeddings", embeddings(examples, dimension))));
  }

  @Test
  void theNeedAndWhatIsMissingAreTold() {
    assertThatCode(() -> Memory.check("work", 1e6, 1e6)).doesNotThrowAnyException();
    double heap = Runtime.getRuntime().maxMemory() / GIB;
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> Memory.check("work", (heap + 2) * GIB, 0))
        .withMessage(
            String.format(
                Locale.ROOT,
                "work takes at least %.1f GiB of Java heap (-Xmx), of which there are %.1f GiB: 2.0"
                    + " GiB are missing",
                heap + 2,
                heap));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> Memory.check("work", 0, 1e18))
        .withMessageMatching("work takes at least \\S+ GiB of memory, of which .* are missing");
  }

  @Test
  void rowsThatKMeansCannotHold() {
    assertThatCode(() -> checkCluster(100_000, 128, 10)).doesNotThrowAnyException();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> checkCluster(20_000_000, 128, 10))
        .withMessage(
            "cluster.split is \"test\": k-means of its 20000000 rows in table learned-embedding, of"
                + " dimension 128, holds at most 16777215 rows");
    assertThatExceptionOfType(StageException.class)
        .as("8 GB of values, and as much again in native memory, in 3 GB of heap")
        .isThrownBy(() -> checkCluster(16_000_000, 128, 10))
        .withMessageContaining("cluster.split is \"test\": k-means of its 16000000 rows in table")
        .withMessageContaining("GiB of Java heap (-Xmx)")
        .withMessageEndingWith("are missing");
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> checkCluster(20_000, 150_528, 20_000))
        .withMessageContaining("cluster.split is \"test\"");
  }

  @Test
  void rowsThatAreTooManyAreSpread() throws IOException {
    ClusterStage stage = new ClusterStage();
    ClusterConfig config = ClusterConfig.newBuilder().setClusters(10).build();
    Map<String, StoredArtifact> inputs = Map.of("embeddings", embeddings(20_000_000, 128));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> stage.check(runner.context(stage, config, inputs)))
        .withMessage(
            "cluster.start is plus_plus, valid are parallel and random_rows, when the rows are"
                + " spread over the workers, as they are since they do not fit half of this process's"
                + " Java heap (-Xmx)");
    ClusterConfig spread =
        config.toBuilder()
            .setStart(ClusterStart.CLUSTER_START_PARALLEL)
            .setEmptyClusters(EmptyClusterRule.EMPTY_CLUSTER_RULE_SPLIT)
            .setIterations(20)
            .build();
    assertThatCode(() -> stage.check(runner.context(stage, spread, inputs)))
        .doesNotThrowAnyException();
  }

  private void checkPretrain(long examples, RecipeConfig recipe, int batch) throws IOException {
    checkPretrain(
        examples,
        recipe,
        batch,
        Objective.newBuilder().setInstdisc(InstDisc.getDefaultInstance()).build());
  }

  private void checkPretrain(long examples, RecipeConfig recipe, int batch, Objective objective)
      throws IOException {
    PretrainStage stage = new PretrainStage();
    PretrainConfig config =
        PretrainConfig.newBuilder()
            .setViews(recipe)
            .setEvaluation(RecipeConfig.newBuilder().setPreset("test"))
            .setObjective(objective)
            .setBatchSize(batch)
            .build();
    Content.Builder dataset =
        Content.newBuilder().setDataset(Dataset.newBuilder().addSplits(split("train", examples)));
    stage.check(runner.context(stage, config, Map.of("dataset", artifact(dataset))));
  }

  @Test
  void aBankOrABatchThatTrainingCannotHold() {
    RecipeConfig cifar = RecipeConfig.newBuilder().setPreset("A-cifar-id").build();
    RecipeConfig imagenet = RecipeConfig.newBuilder().setPreset("A-in-v1").build();
    assertThatCode(() -> checkPretrain(50_000, cifar, 128)).doesNotThrowAnyException();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> checkPretrain(5_000_000, cifar, 128))
        .withMessageStartingWith(
            "pretrain.network.embedding_dimension is 128, valid is 1 to 107: the memory bank of");
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> checkPretrain(1_000_000, imagenet, 20_000))
        .withMessageStartingWith("pretrain.batch_size is 20000, valid is 2 to 14266: the 1 views");
    assertThatExceptionOfType(StageException.class)
        .as("four matrices of 65,536 x 4,000,000")
        .isThrownBy(() -> checkPretrain(4_000_000, cifar, 65_536))
        .withMessageContaining(
            "pretrain.batch_size is 65536: training on the 4000000 examples of split train takes")
        .withMessageEndingWith("are missing");
  }

  /** The bank as it is read and as it is clustered: twice 2 GB in 3 GB of heap. */
  @Test
  void whatIsClusteredBetweenEpochsMustFitTheHeap() {
    RecipeConfig cifar = RecipeConfig.newBuilder().setPreset("A-cifar-id").build();
    Objective clustered =
        Objective.newBuilder().setDeepclusterV2(DeepClusterV2.getDefaultInstance()).build();
    assertThatCode(() -> checkPretrain(50_000, cifar, 128, clustered)).doesNotThrowAnyException();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> checkPretrain(4_000_000, cifar, 128, clustered))
        .withMessageContaining("GiB of Java heap (-Xmx)")
        .withMessageEndingWith("are missing");
  }

  @Test
  void aGraphThatCannotBeWalked() throws IOException {
    PropagateStage stage = new PropagateStage();
    Content.Builder graph =
        Content.newBuilder()
            .setNeighborGraph(
                NeighborGraph.newBuilder().setNodes(600_000_000).setK(4).setEmbeddings("d1"));
    StageContext<PropagateConfig> context =
        runner.context(
            stage,
            PropagateConfig.newBuilder().setExecution(Execution.EXECUTION_IN_MEMORY).build(),
            Map.of("graph", artifact(graph), "embeddings", embeddings(1, 1)));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> stage.check(context))
        .withMessage("propagate.k is 4, valid is 1 to 3 for a graph of 600000000 nodes in memory");
  }

  @Test
  void aBatchThatInferenceCannotHold() throws IOException {
    ExtractStage stage = new ExtractStage();
    RecipeConfig recipe = RecipeConfig.newBuilder().setPreset("test").setSize(224).build();
    Content.Builder model =
        Content.newBuilder()
            .setModel(Model.newBuilder().setEvaluationRecipe(Recipes.resolve(recipe)));
    StageContext<ExtractConfig> context =
        runner.context(
            stage,
            ExtractConfig.newBuilder().setBatchSize(20_000).build(),
            Map.of("model", artifact(model)));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> stage.check(context))
        .withMessage(
            "extract.batch_size is 20000, valid is 1 to 14266: an image of the model has 150528"
                + " bytes, a batch at most 2147483647");
  }
}
