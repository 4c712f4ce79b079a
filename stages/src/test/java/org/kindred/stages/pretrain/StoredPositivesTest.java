package org.kindred.stages.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvarianceRamp;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.extract.ExtractStage;
import org.kindred.stages.graph.GraphStage;
import org.kindred.stages.graph.PropagateStage;
import org.kindred.stages.ingest.IngestStage;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.StageRunner;

/** Invariance Propagation with the positives of a graph that was made before. */
class StoredPositivesTest {
  private static final int EXAMPLES = 14;

  /** The split that is trained on has the later ids. */
  private static final int OTHERS = 3;

  private static final PretrainConfig FROM_SET =
      TinyPretraining.config(invp(InvP.newBuilder().setFromPositiveSet(true).setHardPositives(2)))
          .build();

  @TempDir Path directory;
  private StageRunner runner;
  private StoredArtifact dataset;

  private static Objective invp(InvP.Builder config) {
    return Objective.newBuilder()
        .setInvp(config.setRamp(InvarianceRamp.INVARIANCE_RAMP_CONSTANT))
        .build();
  }

  @BeforeEach
  void ingest() throws IOException {
    runner = StageRunner.in(directory.resolve("store"));
    dataset = dataset("cifar", EXAMPLES, OTHERS);
  }

  private StoredArtifact dataset(String name, int train, int test) throws IOException {
    return CifarFiles.dataset(
        runner, directory.resolve(name), Map.of("train", train, "test", test), Pixels.VARIED);
  }

  private StoredArtifact positives(StoredArtifact of, String split) throws IOException {
    PretrainConfig first = TinyPretraining.config(TinyPretraining.INSTDISC).setEpochs(1).build();
    StoredArtifact model = runner.run(new PretrainStage(), first, Map.of("dataset", of));
    StoredArtifact embeddings =
        runner.run(
            new ExtractStage(),
            ExtractConfig.newBuilder().setBaselines(false).build(),
            Map.of("dataset", of, "model", model));
    StoredArtifact graph =
        runner.run(
            new GraphStage(),
            GraphConfig.newBuilder().setK(2).setSplit(split).build(),
            Map.of("embeddings", embeddings));
    return runner.run(
        new PropagateStage(),
        PropagateConfig.newBuilder().setK(2).setHops(2).build(),
        Map.of("graph", graph, "embeddings", embeddings));
  }

  private StoredArtifact train(PretrainConfig config, StoredArtifact positives) throws IOException {
    return runner.run(
        new PretrainStage(), config, Map.of("dataset", dataset, "positives", positives));
  }

  private static Map<String, List<Float>> measurements(StoredArtifact model) throws IOException {
    return Artifacts.read(
        model,
        Tables.MEASUREMENTS,
        table -> {
          Map<String, List<Float>> values = new TreeMap<>();
          float[] all = table.floats("value");
          String[] names = table.strings("measure");
          for (int row = 0; row < all.length; row++) {
            values.computeIfAbsent(names[row], name -> new ArrayList<>()).add(all[row]);
          }
          return values;
        });
  }

  /** Graph of a first model, then a second that is trained on what was found in it. */
  @Test
  void aModelLearnsWhatTheGraphOfAnotherFound() throws IOException {
    StoredArtifact positives = positives(dataset, "train");
    PositiveSet set = positives.content().getPositiveSet();
    assertThat(set.getDataset()).isEqualTo(dataset.digest());
    assertThat(set.getSplit()).isEqualTo("train");
    StoredArtifact model = train(FROM_SET, positives);

    Map<String, List<Float>> measured = measurements(model);
    long labelled = set.getPerHopList().stream().mapToLong(HopStatistics::getLabelled).sum();
    long right = set.getPerHopList().stream().mapToLong(HopStatistics::getCorrect).sum();
    assertThat(labelled).isEqualTo(set.getPositives()).isPositive();
    assertThat(measured.get("positives_precision"))
        .hasSize(3)
        .allSatisfy(share -> assertThat(share).isCloseTo((float) right / labelled, within(1e-6f)));
    // A batch has some of the examples, each epoch most of them.
    assertThat(measured.get("positives"))
        .hasSize(3)
        .allSatisfy(count -> assertThat(count).isBetween(2f, 6f));
    assertThat(measured.get("invariance_term")).allMatch(term -> term > 0);
    assertThat(model.rows(Tables.MEASUREMENTS))
        .isEqualTo(foretold(FROM_SET, Map.of("dataset", dataset, "positives", positives)));

    StoredArtifact again =
        StageRunner.in(directory.resolve("again"))
            .run(new PretrainStage(), FROM_SET, Map.of("dataset", dataset, "positives", positives));
    assertThat(again.digest()).isEqualTo(model.digest());
  }

  private long foretold(PretrainConfig config, Map<String, StoredArtifact> inputs)
      throws IOException {
    PretrainStage stage = new PretrainStage();
    return stage.estimate(runner.context(stage, config, inputs)).orElseThrow().tables().stream()
        .filter(table -> table.table().equals(Tables.MEASUREMENTS))
        .mapToLong(TableSize::rows)
        .sum();
  }

  @Test
  void positivesOfTrainingItselfAreJudgedToo() throws IOException {
    PretrainConfig config =
        TinyPretraining.config(invp(InvP.newBuilder().setK(2).setHops(2))).build();
    Map<String, StoredArtifact> inputs = Map.of("dataset", dataset);
    StoredArtifact model = runner.run(new PretrainStage(), config, inputs);
    assertThat(measurements(model).get("positives_precision"))
        .hasSize(3)
        .allMatch(share -> share >= 0 && share <= 1);
    assertThat(model.rows(Tables.MEASUREMENTS)).isEqualTo(foretold(config, inputs));
  }

  /** The monitor alone differs when labels do: nothing of them gets into the network. */
  @Test
  void labelsDoNotReachTheLoss() throws IOException {
    PretrainConfig config =
        TinyPretraining.config(invp(InvP.newBuilder().setK(2).setHops(2))).build();
    StoredArtifact model = runner.run(new PretrainStage(), config, Map.of("dataset", dataset));
    Path files = directory.resolve("relabelled");
    CifarFiles.write(files.resolve("data_batch_1.bin"), EXAMPLES, Pixels.VARIED);
    byte[] bytes = Files.readAllBytes(files.resolve("data_batch_1.bin"));
    for (int record = 0; record < EXAMPLES; record++) {
      bytes[record * (bytes.length / EXAMPLES)] = 4;
    }
    Files.write(files.resolve("data_batch_1.bin"), bytes);
    CifarFiles.write(files.resolve("test_batch.bin"), OTHERS, Pixels.VARIED);
    StoredArtifact relabelled = runner.run(new IngestStage(), CifarFiles.config(files).build());
    StoredArtifact same = runner.run(new PretrainStage(), config, Map.of("dataset", relabelled));
    assertThat(measurements(same).get("positives_precision")).containsOnly(1f);
    assertThat(measurements(model).get("positives_precision")).isNotEqualTo(List.of(1f, 1f, 1f));
    String network = "saved_model/saved_model.pb";
    assertThat(Artifacts.files(same).get(network)).isEqualTo(Artifacts.files(model).get(network));
    assertThat(measurements(same).get("invariance_term"))
        .isEqualTo(measurements(model).get("invariance_term"));
  }

  private void assertRefused(PretrainConfig config, StoredArtifact positives, String message) {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> train(config, positives))
        .withMessage(message);
  }

  @Test
  void aSetOfAnotherDatasetIsRefused() throws IOException {
    StoredArtifact other = dataset("other", EXAMPLES, OTHERS + 1);
    StoredArtifact positives = positives(other, "train");
    String madeOf =
        "input positives of step pretrain was made of %s, valid is one that was made of its input"
            + " dataset, %s";
    assertRefused(
        FROM_SET, positives, madeOf.formatted("dataset " + other.digest(), dataset.digest()));
    Content.Builder older = positives.content().toBuilder();
    older.getPositiveSetBuilder().clearDataset();
    assertRefused(
        FROM_SET,
        Artifacts.withContent(positives, older.build()),
        madeOf.formatted("what nobody tells", dataset.digest()));
  }

  private static StoredArtifact claiming(StoredArtifact positives, PositiveSet.Builder set) {
    return Artifacts.withContent(
        positives, positives.content().toBuilder().setPositiveSet(set).build());
  }

  @Test
  void aSetThatLacksExamplesIsRefused() throws IOException {
    StoredArtifact positives = positives(dataset, "train");
    PositiveSet set = positives.content().getPositiveSet();
    assertRefused(
        FROM_SET,
        claiming(positives, set.toBuilder().setNodes(EXAMPLES - 1)),
        "input positives of step pretrain has the positives of 13 examples, valid is all 14 of"
            + " split train");
    StoredArtifact ofOthers = positives(dataset, "test");
    assertRefused(
        FROM_SET,
        ofOthers,
        "input positives of step pretrain has the positives of split test, valid is"
            + " pretrain.split, train");
    // What was made elsewhere may claim what is not so.
    assertRefused(
        FROM_SET,
        claiming(ofOthers, set.toBuilder()),
        "input positives of step pretrain lacks example 0 of split train");
    assertRefused(
        FROM_SET,
        claiming(positives, set.toBuilder().setPositives(set.getPositives() - 1)),
        "input positives of step pretrain has more positives than the %d that its manifest tells"
            .formatted(set.getPositives() - 1));
  }

  @Test
  void theInputIsThereJustWhenItIsRead() throws IOException {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> runner.run(new PretrainStage(), FROM_SET, Map.of("dataset", dataset)))
        .withMessage(
            "input positives is not set, which pretrain.objective.invp reads: set `inputs:"
                + " {positives: STEP}` or `{positives: artifact:REF}`, a PositiveSet");
    assertRefused(
        TinyPretraining.config(TinyPretraining.INSTDISC).build(),
        positives(dataset, "train"),
        "input positives is set, which pretrain.objective.instdisc does not read; invp with"
            + " from_positive_set does");
  }
}
