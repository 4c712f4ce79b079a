package org.kindred.stages.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.ByteArrayCoder;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.testing.PAssert;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Sum;
import org.apache.beam.sdk.values.TypeDescriptors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.WorkItems;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.graph.FindNeighbors.BlockPair;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.StageRunner;

class FindNeighborsTest {
  private static final int ROWS = 13_000;
  private static final int TILE = 4096;
  private static final GraphConfig CONFIG =
      GraphConfig.newBuilder().setK(4).setTileRows(TILE).build();

  @TempDir Path directory;
  private StageRunner runner;
  private StageContext<GraphConfig> context;

  @BeforeEach
  void publish() throws IOException {
    runner = StageRunner.in(directory.resolve("store"));
    StoredArtifact embeddings =
        EmbeddingSets.publish(
            runner.store(), List.of("a", "b", "c"), EmbeddingSets.clustered("train", 0, ROWS, 3));
    context = runner.context(new GraphStage(), CONFIG, Map.of("embeddings", embeddings));
  }

  @Test
  void blocksOfTilesDoNotChangeTheFiles() throws IOException {
    StoredArtifact whole = runner.run(new GraphStage(), CONFIG, context.inputs());
    TreeSet<String> expected = new TreeSet<>(Artifacts.files(whole).values());
    assertThat(expected).hasSize(4);
    RowBlocks blocks = new RowBlocks(ROWS, TILE, 3);
    Pipeline pipeline = Pipeline.create(PipelineOptionsFactory.create());
    PAssert.that(
            pipeline
                .apply(WorkItems.of(BlockPair.class, FindNeighbors.pairs(blocks)))
                .apply(new FindNeighbors(context, blocks, blocks))
                .apply(
                    MapElements.into(TypeDescriptors.strings())
                        .via(part -> part.files().get(0).file().getSha256())))
        .satisfies(
            digests -> {
              assertThat(digests).containsExactlyInAnyOrderElementsOf(expected);
              return null;
            });
    pipeline.run().waitUntilFinish();
  }

  /** The lists are the larger part of what is shuffled, and are counted with their keys. */
  @Test
  void theListsThatTravelAreForetold() {
    RowBlocks blocks = RowBlocks.of(ROWS, TILE);
    double planned = new GraphStage().estimate(context).orElseThrow().shuffledBytes();
    Pipeline pipeline = Pipeline.create(PipelineOptionsFactory.create());
    PAssert.thatSingleton(
            pipeline
                .apply(WorkItems.of(BlockPair.class, FindNeighbors.pairs(blocks)))
                .apply(ParDo.of(new FindNeighbors.CompareFn(context, blocks, blocks)))
                .setCoder(KvCoder.of(VarIntCoder.of(), ByteArrayCoder.of()))
                .apply(
                    MapElements.into(TypeDescriptors.longs())
                        .via(lists -> (long) lists.getValue().length))
                .apply(Sum.longsGlobally()))
        .satisfies(
            bytes -> {
              assertThat((double) bytes).isCloseTo(planned, within(0.01 * planned));
              return null;
            });
    pipeline.run().waitUntilFinish();
  }

  @Test
  void pairsOfBlocksAndListsOfARowAreBounded() {
    RowBlocks few = RowBlocks.of(50_000, 16_384);
    assertThat(few).isEqualTo(new RowBlocks(50_000, 16_384, 1));
    assertThat(few.count()).isEqualTo(4);
    assertThat(few.pairs()).isEqualTo(10);
    assertThat(FindNeighbors.pairs(few)).hasSize(10).contains(new BlockPair(0, 3));
    assertThat(FindNeighbors.pairs(few, new RowBlocks(9000, 4096, 1)))
        .hasSize(12)
        .contains(new BlockPair(3, 0));
    assertThat(few.rowsOf(3)).isEqualTo(50_000 - 3 * 16_384);
    RowBlocks most = RowBlocks.of(128 * 4096, 4096);
    assertThat(most.blockTiles()).isEqualTo(1);
    assertThat(most.pairs()).isEqualTo(8256);
    RowBlocks more = RowBlocks.of(128 * 4096 + 1, 4096);
    assertThat(more.blockTiles()).isEqualTo(2);
    assertThat(more.count()).isEqualTo(65);
    assertThat(more.firstTile(64)).isEqualTo(128);
    assertThat(more.firstTile(65)).isEqualTo(129);
    RowBlocks all = RowBlocks.of(Integer.MAX_VALUE, 4096);
    assertThat(all.pairs()).isEqualTo(8256);
    assertThat(all.firstTile(all.count())).isEqualTo(524_288);
    assertThat(all.rowsOf(524_287)).isEqualTo(4095);
  }
}
