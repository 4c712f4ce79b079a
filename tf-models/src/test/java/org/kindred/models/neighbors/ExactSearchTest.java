package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;

final class ExactSearchTest {

  private static final MatrixProduct PRODUCT = new MatrixProduct();

  private static float[] gaussians(int rows, int dim, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * dim];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Rows on a small grid away from the origin: ties and duplicates, and none is zero. */
  private static float[] grid(int rows, int dim, int side, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * dim];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 + random.nextInt(side);
    }
    return values;
  }

  private static List<Tile> cut(Similarity similarity, int dim, float[] values, int tileRows) {
    List<Tile> tiles = new ArrayList<>();
    int rows = values.length / dim;
    for (int first = 0; first < rows; first += tileRows) {
      int last = Math.min(rows, first + tileRows);
      tiles.add(
          Tile.of(similarity, first, dim, Arrays.copyOfRange(values, first * dim, last * dim)));
    }
    return tiles;
  }

  /** The graph from tiles of {@code tileRows} rows, merged in random order, tile by tile. */
  private static List<byte[]> tiled(ExactSearch search, List<Tile> tiles, Random order) {
    List<List<NeighborLists>> partials = new ArrayList<>();
    tiles.forEach(tile -> partials.add(new ArrayList<>(List.of(search.within(tile)))));
    for (int left = 0; left < tiles.size(); left++) {
      for (int right = left + 1; right < tiles.size(); right++) {
        ExactSearch.BothSides found = search.between(tiles.get(left), tiles.get(right));
        partials.get(left).add(found.left());
        partials.get(right).add(found.right());
      }
    }
    List<byte[]> graph = new ArrayList<>();
    for (List<NeighborLists> ofTile : partials) {
      Collections.shuffle(ofTile, order);
      graph.add(ofTile.stream().reduce(NeighborLists::merge).orElseThrow().toBytes());
    }
    return graph;
  }

  @Property(tries = 100)
  void tilesAndBlocksDoNotShowInTheGraph(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 2, max = 50) int rows,
      @ForAll @IntRange(min = 1, max = 6) int dim,
      @ForAll @IntRange(min = 1, max = 4) int side,
      @ForAll @IntRange(min = 2, max = 50) int tileRows,
      @ForAll @IntRange(min = 3, max = 20) int blockRows,
      @ForAll @IntRange(min = 1, max = 30) int k,
      @ForAll long seed) {
    float[] values = grid(rows, dim, side, seed);
    List<Tile> tiles = cut(similarity, dim, values, tileRows);
    List<byte[]> graph = tiled(new ExactSearch(PRODUCT, k, blockRows), tiles, new Random(seed));

    Tile whole = Tile.of(similarity, 0, dim, values.clone());
    for (int t = 0; t < tiles.size(); t++) {
      assertThat(graph.get(t)).isEqualTo(rowsOf(BruteForce.within(whole, k), tiles.get(t)));
    }
  }

  private static byte[] rowsOf(NeighborLists lists, Tile tile) {
    return lists.slice(tile.first(), tile.first() + tile.rows()).toBytes();
  }

  /** In a pool of its own a search has as many threads as the pool. */
  @Property(tries = 20)
  void threadsDoNotShowInTheGraph(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 2, max = 300) int rows,
      @ForAll @IntRange(min = 1, max = 8) int threads,
      @ForAll @IntRange(min = 1, max = 1000) int k,
      @ForAll long seed) {
    Tile tile = Tile.of(similarity, 0, 3, grid(rows, 3, 4, seed));
    ForkJoinPool pool = new ForkJoinPool(threads);
    try {
      assertThat(pool.submit(() -> new ExactSearch(PRODUCT, k, 16).within(tile)).join().toBytes())
          .isEqualTo(BruteForce.within(tile, k).toBytes());
    } finally {
      pool.shutdown();
    }
  }

  @Property(tries = 60)
  void queriesFindTheirNearestOfTheBase(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 1, max = 40) int queries,
      @ForAll @IntRange(min = 1, max = 80) int baseRows,
      @ForAll @IntRange(min = 1, max = 100) int k,
      @ForAll long seed) {
    Tile query = Tile.of(similarity, 0, 3, grid(queries, 3, 3, seed));
    Tile base = Tile.of(similarity, 7, 3, grid(baseRows, 3, 3, seed + 1));
    assertThat(new ExactSearch(PRODUCT, k, 16).search(query, base).toBytes())
        .isEqualTo(BruteForce.search(query, base, k).toBytes());
  }

  @Example
  void blocksOfEveryShapeGiveTheSameBytes() {
    for (Similarity similarity : Similarity.values()) {
      Tile tile = Tile.of(similarity, 0, 17, gaussians(1000, 17, 3));
      byte[] expected = BruteForce.within(tile, 12).toBytes();
      for (int blockRows : new int[] {7, 100, 512, 2048}) {
        assertThat(new ExactSearch(PRODUCT, 12, blockRows).within(tile).toBytes())
            .as("%s, blocks of %d rows", similarity, blockRows)
            .isEqualTo(expected);
      }
    }
  }

  @Example
  void manyCopiesOfOneRowComeInOrderOfPosition() {
    float[] values = gaussians(60, 5, 4);
    for (int row = 20; row < 60; row++) {
      System.arraycopy(values, 0, values, row * 5, 5);
    }
    NeighborLists lists =
        new ExactSearch(PRODUCT, 3, 8).within(Tile.of(Similarity.COSINE, 0, 5, values));
    assertThat(Arrays.copyOf(lists.ids(), 3)).containsExactly(20, 21, 22);
    assertThat(Arrays.copyOfRange(lists.ids(), 59 * 3, 60 * 3)).containsExactly(0, 20, 21);
  }

  /** A block is taken for a sample of its tile; here each has all neighbours of its rows. */
  @Example
  void blocksThatAreNoSampleCostTimeAlone() {
    int blocks = 8;
    float[] values = gaussians(400, 6, 8);
    for (int row = 0; row < 400; row++) {
      values[6 * row] += 100 * (row % blocks == 0 ? 1 : 0);
      values[6 * row + 1] += 100 * (row % blocks % 2);
      values[6 * row + 2] += 100 * (row % blocks / 2 % 2);
      values[6 * row + 3] += 100 * (row % blocks / 4);
    }
    for (Similarity similarity : Similarity.values()) {
      Tile tile = Tile.of(similarity, 0, 6, values.clone());
      assertThat(new ExactSearch(PRODUCT, 45, 400 / blocks).within(tile).toBytes())
          .isEqualTo(BruteForce.within(tile, 45).toBytes());
      Tile base = Tile.of(similarity, 0, 6, values.clone());
      assertThat(new ExactSearch(PRODUCT, 45, 400 / blocks).search(tile, base).toBytes())
          .isEqualTo(BruteForce.search(tile, base, 45).toBytes());
    }
  }

  @Example
  void farFromTheOriginDistancesStayExact() {
    float[] values = gaussians(300, 4, 5);
    for (int i = 0; i < values.length; i++) {
      values[i] += 10_000;
    }
    Tile tile = Tile.of(Similarity.EUCLIDEAN, 0, 4, values);
    assertThat(new ExactSearch(PRODUCT, 5, 64).within(tile).toBytes())
        .isEqualTo(BruteForce.within(tile, 5).toBytes());
  }

  @Example
  void aTileOfOneRowHasNoNeighbours() {
    NeighborLists lists =
        new ExactSearch(PRODUCT, 2).within(Tile.of(Similarity.COSINE, 3, 2, new float[] {1, 1}));
    assertThat(lists.width()).isZero();
    assertThat(lists.k()).isEqualTo(2);
  }

  @Example
  void aBaseMayBeSearchedForItsOwnRows() {
    Tile tile = Tile.of(Similarity.COSINE, 0, 4, gaussians(50, 4, 6));
    NeighborLists lists = new ExactSearch(PRODUCT, 1).search(tile, tile);
    assertThat(lists.ids()[13]).isEqualTo(13);
  }

  @Example
  void refusesWhatCannotBeCompared() {
    ExactSearch search = new ExactSearch(PRODUCT, 1);
    Tile tile = Tile.of(Similarity.COSINE, 0, 2, new float[] {1, 0, 0, 1});
    Tile wide = Tile.of(Similarity.COSINE, 2, 4, new float[] {1, 0, 0, 1});
    Tile euclidean = Tile.of(Similarity.EUCLIDEAN, 2, 2, new float[] {1, 0, 0, 1});
    assertThatThrownBy(() -> search.between(tile, wide))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("dimension 2")
        .hasMessageContaining("dimension 4");
    assertThatThrownBy(() -> search.search(tile, euclidean)).hasMessageContaining("EUCLIDEAN");
    assertThatThrownBy(() -> search.between(tile, tile)).hasMessageContaining("share rows");
    assertThatThrownBy(() -> new ExactSearch(PRODUCT, 0)).hasMessageContaining("k is 0");
  }
}
