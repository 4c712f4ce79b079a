package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;

final class ClusteredSearchTest {

  private static final MatrixProduct PRODUCT = new MatrixProduct();
  private static final int DIM = 4;

  /** Rows on a small grid: ties and duplicates, and none is zero. */
  private static float[] grid(int rows, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * DIM];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 + random.nextInt(4);
    }
    return values;
  }

  private static float[] gaussians(int rows, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * DIM];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static float[] gather(float[] values, int[] positions) {
    float[] rows = new float[positions.length * DIM];
    for (int i = 0; i < positions.length; i++) {
      System.arraycopy(values, positions[i] * DIM, rows, i * DIM, DIM);
    }
    return rows;
  }

  private static ClusteredSearch.Rows rows(Similarity similarity, float[] values) {
    return positions -> Tile.of(similarity, 0, DIM, gather(values, positions));
  }

  private static RowClusters clusters(Similarity similarity, float[] values, int count) {
    float[] sample = Arrays.copyOf(values, count * DIM);
    Tile centers =
        Tile.of(similarity, 0, DIM, RowClusters.train(PRODUCT, similarity, sample, DIM, count));
    Tile all = Tile.of(similarity, 0, DIM, values.clone());
    return new RowClusters(centers, new ExactSearch(PRODUCT, 1).search(all, centers).ids());
  }

  @Property(tries = 60)
  void allClustersAreTheWholeBase(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 2, max = 60) int rows,
      @ForAll @IntRange(min = 1, max = 8) int clusters,
      @ForAll @IntRange(min = 1, max = 59) int k,
      @ForAll @IntRange(min = 3, max = 20) int blockRows,
      @ForAll long seed) {
    float[] values = grid(rows, seed);
    RowClusters divided = clusters(similarity, values, Math.min(clusters, rows));
    int neighbors = Math.min(k, rows - 1);
    Tile tile = Tile.of(similarity, 0, DIM, values.clone());
    NeighborLists found =
        new ClusteredSearch(PRODUCT, divided, neighbors, divided.count(), true, blockRows)
            .search(tile, rows(similarity, values));
    assertThat(found.toBytes()).isEqualTo(BruteForce.within(tile, neighbors).toBytes());
  }

  /** A node's neighbours do not depend on which others are searched with it, nor in what blocks. */
  @Property(tries = 60)
  void runsAndBlocksDoNotShow(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 4, max = 60) int rows,
      @ForAll @IntRange(min = 1, max = 10) int clusters,
      @ForAll @IntRange(min = 1, max = 4) int probes,
      @ForAll @IntRange(min = 1, max = 30) int k,
      @ForAll @IntRange(min = 3, max = 20) int blockRows,
      @ForAll long seed) {
    float[] values = grid(rows, seed);
    RowClusters divided = clusters(similarity, values, Math.min(clusters, rows));
    int neighbors = Math.min(k, rows - 1);
    Tile tile = Tile.of(similarity, 0, DIM, values.clone());
    NeighborLists whole =
        new ClusteredSearch(PRODUCT, divided, neighbors, probes, true)
            .search(tile, rows(similarity, values));
    ClusteredSearch small =
        new ClusteredSearch(PRODUCT, divided, neighbors, probes, true, blockRows);
    int cut = 1 + (int) Math.floorMod(seed, rows - 1L);
    for (int[] run : new int[][] {{0, cut}, {cut, rows}}) {
      NeighborLists part = small.search(tile.slice(run[0], run[1]), rows(similarity, values));
      assertThat(part.toBytes()).isEqualTo(whole.slice(run[0], run[1]).toBytes());
    }
  }

  /** Clusters of one row each, of which the nearest does not hold two neighbours. */
  @Example
  void queriesLookFurtherWhereClustersAreSmall() {
    float[] values = gaussians(12, 1);
    RowClusters divided = clusters(Similarity.EUCLIDEAN, values, 12);
    Tile queries = Tile.of(Similarity.EUCLIDEAN, 0, DIM, gaussians(5, 2));
    NeighborLists found =
        new ClusteredSearch(PRODUCT, divided, 12, 1, false)
            .search(queries, rows(Similarity.EUCLIDEAN, values));
    Tile base = Tile.of(Similarity.EUCLIDEAN, 0, DIM, values);
    assertThat(found.toBytes()).isEqualTo(BruteForce.search(queries, base, 12).toBytes());
  }

  @Example
  void theCurveTellsTheRecallOfASearch() {
    for (boolean self : new boolean[] {true, false}) {
      float[] values = gaussians(900, 3);
      RowClusters divided = clusters(Similarity.COSINE, values, 40);
      int k = 10;
      int[] positions = {3, 99, 100, 700, 899};
      Tile base = Tile.of(Similarity.COSINE, 0, DIM, values.clone());
      Tile sample =
          Tile.of(Similarity.COSINE, 0, DIM, gather(self ? values : gaussians(900, 4), positions));
      NeighborLists exact = new ExactSearch(PRODUCT, self ? k + 1 : k).search(sample, base);
      RecallCurve curve =
          RecallCurve.of(PRODUCT, divided, sample, self ? positions : new int[0], exact, k);
      double before = 0;
      for (int probes : new int[] {1, 2, 3, 5, 40}) {
        int hits = 0;
        for (int i = 0; i < positions.length; i++) {
          Tile query = self ? base.slice(positions[i], positions[i] + 1) : sample.slice(i, i + 1);
          NeighborLists found =
              new ClusteredSearch(PRODUCT, divided, k, probes, self)
                  .search(query, rows(Similarity.COSINE, values));
          hits += common(exact, i, positions[i], self, found, k);
        }
        double recall = hits / (double) (k * positions.length);
        assertThat(curve.at(probes).mean()).as("%d probes", probes).isCloseTo(recall, within(1e-9));
        assertThat(recall).isGreaterThanOrEqualTo(before);
        before = recall;
      }
      assertThat(before).isEqualTo(1);
    }
  }

  private static int common(
      NeighborLists exact, int row, int position, boolean self, NeighborLists found, int k) {
    Set<Integer> expected = new HashSet<>();
    for (int i = row * exact.width(); expected.size() < k; i++) {
      if (!self || exact.ids()[i] != position) {
        expected.add(exact.ids()[i]);
      }
    }
    return (int) Arrays.stream(found.ids()).filter(expected::contains).count();
  }

  @Example
  void asManyProbesAsTheTargetNeeds() {
    float[] values = gaussians(900, 5);
    RowClusters divided = clusters(Similarity.COSINE, values, 40);
    int[] positions = new int[300];
    Arrays.setAll(positions, i -> 3 * i);
    Tile sample = Tile.of(Similarity.COSINE, 0, DIM, gather(values, positions));
    Tile base = Tile.of(Similarity.COSINE, 0, DIM, values);
    NeighborLists exact = new ExactSearch(PRODUCT, 6).search(sample, base);
    RecallCurve curve = RecallCurve.of(PRODUCT, divided, sample, positions, exact, 5);
    int probes = curve.probesFor(0.9);
    assertThat(curve.at(probes).lower()).isGreaterThanOrEqualTo(0.9);
    assertThat(curve.at(probes - 1).lower()).isLessThan(0.9);
    int all = curve.probesFor(0.9999);
    assertThat(curve.at(all).mean()).as("no sample is that sure").isEqualTo(1);
    assertThat(curve.at(all - 1).mean()).isLessThan(1);
  }

  @Example
  void theIntervalCountsWhatTheSampleCannotSee() {
    int[] full = new int[1000];
    Arrays.fill(full, 4);
    RecallEstimate certain = RecallEstimate.of(full, 4);
    assertThat(certain.mean()).isEqualTo(1);
    assertThat(certain.upper()).isEqualTo(1);
    assertThat(certain.lower()).as("the rule of three").isCloseTo(0.997, within(1e-4));

    int[] half = new int[400];
    Arrays.setAll(half, i -> i % 2 == 0 ? 4 : 2);
    RecallEstimate spread = RecallEstimate.of(half, 4);
    assertThat(spread.mean()).isEqualTo(0.75);
    assertThat(spread.queries()).isEqualTo(400);
    assertThat(spread.lower()).isCloseTo(0.75 - 1.96 * 0.25 / 20, within(0.003));
    assertThat(spread.upper()).isCloseTo(0.75 + 1.96 * 0.25 / 20, within(0.003));
  }

  @Example
  void asManyClustersAsRowsAtMost() {
    assertThat(RowClusters.count(1)).isEqualTo(1);
    assertThat(RowClusters.count(3)).isEqualTo(3);
    assertThat(RowClusters.count(200_000)).isEqualTo(894);
    assertThat(RowClusters.trainingRows(200_000)).isEqualTo(894 * 32);
    assertThat(RowClusters.trainingRows(100)).isEqualTo(100);
  }

  @Example
  void refusesWhatItCannotFind() {
    RowClusters divided = clusters(Similarity.COSINE, gaussians(5, 6), 2);
    assertThatThrownBy(() -> new ClusteredSearch(PRODUCT, divided, 5, 1, true))
        .hasMessage("k is 5, valid is 1 to 4");
    assertThatThrownBy(() -> new ClusteredSearch(PRODUCT, divided, 5, 0, false))
        .hasMessage("probes is 0, valid is 1 or more");
  }
}
