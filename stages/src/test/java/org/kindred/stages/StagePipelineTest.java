package org.kindred.stages;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.Value;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.runners.TransformHierarchy;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.display.DisplayData;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.proto.artifact.v1.Artifact;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;
import org.kindred.stages.artifact.StoreFiles;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.image.Recipes;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.StageRunner;

/** What a runner and its user interface see of each built-in stage. */
class StagePipelineTest {
  private static final RecipeConfig RECIPE = RecipeConfig.newBuilder().setPreset("test").build();
  private static final FeatureTable FEATURES =
      FeatureTable.newBuilder()
          .setSource(FeatureSource.FEATURE_SOURCE_LEARNED)
          .setLayer("embedding")
          .setDimension(8)
          .setTable("learned-embedding")
          .build();

  @TempDir Path directory;
  private StageRunner runner;
  private Path cifar;

  @BeforeEach
  void writeSource() throws IOException {
    runner = StageRunner.in(directory.resolve("store"));
    cifar = directory.resolve("cifar");
    CifarFiles.write(cifar.resolve("test_batch.bin"), 1, Pixels.VARIED);
  }

  static Stream<Stage<?>> stages() {
    return Stages.load().all().stream();
  }

  /** Returns an artifact of which there is but the manifest: what pipelines are built of. */
  private StoredArtifact input(StageInput input) {
    Content.Builder content = Content.newBuilder();
    Split train = Split.newBuilder().setName("train").setExamples(5000).setLabelled(5000).build();
    Split test = train.toBuilder().setName("test").build();
    switch (input.type()) {
      case ARTIFACT_TYPE_DATASET ->
          content.setDataset(
              Dataset.newBuilder().setExamples(10_000).addSplits(test).addSplits(train));
      case ARTIFACT_TYPE_VIEW_SET -> content.setViewSet(ViewSet.getDefaultInstance());
      case ARTIFACT_TYPE_MODEL ->
          content.setModel(
              Model.newBuilder()
                  .setEvaluationRecipe(Recipes.resolve(RECIPE))
                  .addLayers(Layer.newBuilder().setName("embedding").setDimension(8)));
      case ARTIFACT_TYPE_EMBEDDING_SET ->
          content.setEmbeddingSet(
              EmbeddingSet.newBuilder().addFeatures(FEATURES).addSplits(test).addSplits(train));
      case ARTIFACT_TYPE_NEIGHBOR_GRAPH ->
          content.setNeighborGraph(NeighborGraph.newBuilder().setNodes(5000).setK(4));
      case ARTIFACT_TYPE_POSITIVE_SET -> content.setPositiveSet(PositiveSet.getDefaultInstance());
      case ARTIFACT_TYPE_CLUSTERING ->
          content.setClustering(
              Clustering.newBuilder().addResults(ClusteringResult.getDefaultInstance()));
      default -> throw new AssertionError("no artifact for " + input);
    }
    String digest = String.format("%064x", input.type().getNumber());
    return new StoredArtifact(
        StoreFiles.of("/"),
        "/nowhere",
        Artifact.newBuilder().setDigest(digest).setContent(content).build());
  }

  @SuppressWarnings("unchecked") // the configurations are of the stage's own type
  private <C extends Message> C config(Stage<C> stage) {
    return switch (stage.name()) {
      case "ingest" -> (C) CifarFiles.config(cifar).build();
      case "augment" -> (C) AugmentConfig.newBuilder().setViews(RECIPE).build();
      case "pretrain" ->
          (C)
              PretrainConfig.newBuilder()
                  .setViews(RECIPE)
                  .setEvaluation(RECIPE)
                  .setObjective(
                      Objective.newBuilder().setInvaspread(InvaSpread.getDefaultInstance()))
                  .build();
      default -> stage.defaultConfig();
    };
  }

  private <C extends Message> StageContext<C> context(Stage<C> stage) throws IOException {
    Map<String, StoredArtifact> inputs = new TreeMap<>();
    for (StageInput input : stage.inputs()) {
      inputs.put(input.name(), input(input));
    }
    return runner.context(stage, config(stage), inputs);
  }

  @Test
  void theBuiltInStagesAreFound() {
    assertThat(stages().map(Stage::name))
        .containsExactly(
            "augment",
            "cluster",
            "evaluate",
            "extract",
            "graph",
            "ingest",
            "pretrain",
            "propagate");
    assertThat(stages()).allSatisfy(stage -> assertThat(stage.description()).isNotBlank());
  }

  /** Notes the full names of transforms, those inside of Beam's own left out. */
  private static final class Names extends Pipeline.PipelineVisitor.Defaults {
    private final List<String> names = new ArrayList<>();

    @Override
    public CompositeBehavior enterCompositeTransform(TransformHierarchy.Node node) {
      names.add(node.getFullName());
      PTransform<?, ?> transform = node.getTransform();
      boolean ours = transform == null || transform.getClass().getName().startsWith("org.kindred.");
      return ours ? CompositeBehavior.ENTER_TRANSFORM : CompositeBehavior.DO_NOT_ENTER_TRANSFORM;
    }

    @Override
    public void visitPrimitiveTransform(TransformHierarchy.Node node) {
      names.add(node.getFullName());
    }
  }

  @ParameterizedTest
  @MethodSource("stages")
  void everyTransformHasANameForReaders(Stage<?> stage) throws IOException {
    List<String> names = names(stage);
    String root = "%s (%s v%d)".formatted(stage.name(), stage.name(), stage.version());
    assertThat(names)
        .hasSizeGreaterThan(5)
        .contains(root, root + "/Gather Parts", root + "/Publish Artifact")
        .filteredOn(name -> !name.isEmpty())
        .allSatisfy(
            name ->
                assertThat(name)
                    .startsWith(root)
                    .doesNotContain("Anonymous", "ParDo(", "$", "Fn")
                    .matches(".*[A-Za-z)]"));
  }

  private <C extends Message> List<String> names(Stage<C> stage) throws IOException {
    Pipeline pipeline = Pipeline.create(PipelineOptionsFactory.create());
    PCollection<String> digest = pipeline.apply(StageTransform.of(stage, context(stage)));
    assertThat(digest.getCoder()).isNotNull();
    Names names = new Names();
    pipeline.traverseTopologically(names);
    return names.names;
  }

  @ParameterizedTest
  @MethodSource("stages")
  void aStageShowsWhatItIsMadeOf(Stage<?> stage) throws IOException {
    assertShows(stage);
  }

  private <C extends Message> void assertShows(Stage<C> stage) throws IOException {
    StageContext<C> context = context(stage);
    PTransform<PBegin, PCollection<String>> transform = StageTransform.of(stage, context);
    Map<String, Object> shown = new HashMap<>();
    for (DisplayData.Item item : DisplayData.from(transform).items()) {
      shown.put(item.getKey(), item.getValue());
    }
    assertThat(shown)
        .containsEntry("stage", stage.name())
        .containsEntry("version", (long) stage.version())
        .containsEntry("seed", StageRunner.SEED)
        .containsEntry("reuseKey", context.producer().getReuseKey());
    for (StageInput input : stage.inputs()) {
      assertThat(shown).containsEntry("input." + input.name(), input(input).digest());
    }
    for (String field : context.producer().getConfig().getFieldsMap().keySet()) {
      assertThat(shown).containsKey("config." + field);
    }
  }

  @Test
  void configurationIsShownAsJson() throws IOException {
    Stage<?> augment = Stages.load().find("augment").orElseThrow();
    StageContext<?> context = context(augment);
    Map<String, Value> fields = context.producer().getConfig().getFieldsMap();
    assertThat(fields).containsKey("views");
    assertThat(shownConfig(augment)).isEqualTo("{\"preset\":\"test\"}");
  }

  private <C extends Message> Object shownConfig(Stage<C> stage) throws IOException {
    return DisplayData.from(StageTransform.of(stage, context(stage))).items().stream()
        .filter(item -> item.getKey().equals("config.views"))
        .findFirst()
        .orElseThrow()
        .getValue();
  }
}
