package org.kindred.models.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kindred.models.Golden;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.clustering.KMeans.Result;
import org.kindred.models.clustering.KMeans.Start;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;

/** k-means as training objectives run it. */
final class KMeansVariantsTest {

  private static final MatrixProduct PRODUCT = new MatrixProduct();

  /** From {@link #STARTS} the middle cluster takes 0 and 10, and loses both to the outer ones. */
  private static final float[] ROWS = {-1, 0, 10, 11};

  private static final float[] STARTS = {-6, 5, 16};

  @AfterAll
  static void close() {
    PRODUCT.close();
  }

  private static KMeans kmeans(int clusters, int iterations, EmptyClusters emptyClusters) {
    return new KMeans(PRODUCT, clusters, 1, iterations).withEmptyClusters(emptyClusters);
  }

  private static float[] gaussian(int rows, int dim, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * dim];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static void assertSame(Result one, Result other) {
    assertThat(one.restart()).isEqualTo(other.restart());
    assertThat(one.assignments()).isEqualTo(other.assignments());
    assertThat(one.squaredDistances()).isEqualTo(other.squaredDistances());
    assertThat(one.centers()).isEqualTo(other.centers());
    assertThat(one.inertia()).isEqualTo(other.inertia());
  }

  @Test
  void sphericalRoundsAgreeWithTheGoldenOnes() {
    Golden golden = Golden.only("baselines", "deepcluster_v2_spherical_kmeans");
    float[] rows = Golden.floats(golden.inputs().required("features"));
    int[] initial = Golden.ints(golden.inputs().required("initial_rows"));
    float[] centers = new float[2 * initial.length];
    for (int c = 0; c < initial.length; c++) {
      System.arraycopy(rows, 2 * initial[c], centers, 2 * c, 2);
    }
    int rounds = golden.inputs().required("rounds").asInt();
    Result result =
        kmeans(initial.length, rounds + 1, EmptyClusters.UNCHANGED)
            .fitFrom(Similarity.COSINE, rows, 2, centers);
    assertThat(result.assignments()).isEqualTo(Golden.ints(golden.expected().required("assign")));
    golden.check(result.centers(), golden.expected().required("centres"));
  }

  @Test
  void anEmptyClusterCanStayWhereItWas() {
    Result result =
        kmeans(3, 10, EmptyClusters.UNCHANGED).fitFrom(Similarity.EUCLIDEAN, ROWS, 1, STARTS);
    assertThat(result.assignments()).containsExactly(0, 0, 2, 2);
    assertThat(result.centers()).containsExactly(-0.5f, 5, 10.5f);
    assertThat(result.converged()).isTrue();
  }

  @Test
  void anEmptyClusterCanSplitAnother() {
    Result result =
        kmeans(3, 10, EmptyClusters.SPLIT).fitFrom(Similarity.EUCLIDEAN, ROWS, 1, STARTS);
    assertThat(Arrays.stream(result.assignments()).distinct().count()).isEqualTo(3);
    assertThat(result.inertia()[result.inertia().length - 1]).isEqualTo(0.5);
    assertThat(result.converged()).isTrue();
    // It is not converged while a cluster is empty.
    Result before =
        kmeans(3, 3, EmptyClusters.SPLIT).fitFrom(Similarity.EUCLIDEAN, ROWS, 1, STARTS);
    assertThat(before.converged()).isFalse();
  }

  /**
   * Where two of the zeros are centers, one cluster is empty. That of 10 and 11 is then split in
   * one of four draws; in the others that of the zeros is, to no avail.
   */
  @Test
  void whichClusterIsSplitIsDrawn() {
    float[] rows = {0, 0, 0, 0, 10, 11};
    int upper = 0;
    for (int restart = 0; restart < 200; restart++) {
      Result result =
          new KMeans(PRODUCT, 3, 1, 3)
              .withStart(Start.RANDOM_ROWS)
              .withEmptyClusters(EmptyClusters.SPLIT)
              .fit(Similarity.EUCLIDEAN, rows, 1, 3, restart);
      long together = Arrays.stream(result.assignments(), 4, 6).distinct().count();
      upper += together == 2 ? 1 : 0;
    }
    assertThat(upper).isBetween(60, 150);
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void splitsEndWhenThereIsNothingToSplit(Similarity similarity) {
    float[] rows = {1, 1, 1, 1, 1, 1, 1, 1};
    Result result =
        new KMeans(PRODUCT, 2, 1, 7)
            .withStart(Start.RANDOM_ROWS)
            .withEmptyClusters(EmptyClusters.SPLIT)
            .fit(similarity, rows, 2, 1, 0);
    assertThat(result.inertia()).hasSize(7);
    assertThat(result.converged()).isFalse();
    assertThat(Arrays.stream(result.assignments()).distinct().count()).isEqualTo(1);
  }

  /** A split center keeps its length, or it would draw more rows than are near to it. */
  @Test
  void splitCentersHaveUnitLength() {
    float[] rows = {1, 0, 0.8f, 0.6f, 0, 1};
    float[] centers = {1, 0, -1, 0};
    Result result = kmeans(2, 2, EmptyClusters.SPLIT).fitFrom(Similarity.COSINE, rows, 2, centers);
    for (int c = 0; c < 2; c++) {
      double length = Math.hypot(result.centers()[2 * c], result.centers()[2 * c + 1]);
      assertThat(length).isBetween(1 - 1e-6, 1 + 1e-6);
    }
    assertThat(result.centers()[0]).isNotEqualTo(result.centers()[2]);
  }

  @Test
  void randomStartsAreDistinctRows() {
    float[] rows = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    int[] drawn = new int[rows.length];
    for (int restart = 0; restart < 300; restart++) {
      float[] starts = starts(rows, 3, 5, restart);
      assertThat(Arrays.stream(doubles(starts)).distinct().count()).isEqualTo(3);
      for (float row : starts) {
        drawn[(int) row]++;
      }
      assertThat(starts(rows, 3, 5, restart)).isEqualTo(starts);
    }
    // 90 expected, with a standard deviation of 8.
    assertThat(Arrays.stream(drawn).boxed())
        .allSatisfy(count -> assertThat(count).isBetween(58, 122));
    assertThat(starts(rows, 10, 5, 0)).containsExactlyInAnyOrder(rows);
    assertThat(starts(rows, 10, 6, 0)).isNotEqualTo(starts(rows, 10, 5, 0));
  }

  /** One iteration leaves the centers where they start. */
  private static float[] starts(float[] rows, int clusters, long seed, int restart) {
    return new KMeans(PRODUCT, clusters, 1, 1)
        .withStart(Start.RANDOM_ROWS)
        .fit(Similarity.EUCLIDEAN, rows, 1, seed, restart)
        .centers();
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  @Test
  void everyRestartIsWhatItIsAlone() {
    float[] rows = gaussian(300, 4, 2);
    KMeans four =
        new KMeans(PRODUCT, 9, 4, 21)
            .withStart(Start.RANDOM_ROWS)
            .withEmptyClusters(EmptyClusters.SPLIT);
    KMeans one =
        new KMeans(PRODUCT, 9, 1, 21)
            .withStart(Start.RANDOM_ROWS)
            .withEmptyClusters(EmptyClusters.SPLIT);
    List<Result> each = four.fitEach(Similarity.EUCLIDEAN, rows, 4, 1234, 8);
    assertThat(each).extracting(Result::restart).containsExactly(8, 9, 10, 11);
    Result best = each.get(0);
    for (Result result : each) {
      assertSame(result, one.fit(Similarity.EUCLIDEAN, rows, 4, 1234, result.restart()));
      best = last(result) < last(best) ? result : best;
    }
    assertThat(last(each.get(0))).isNotEqualTo(last(each.get(1)));
    assertSame(best, four.fit(Similarity.EUCLIDEAN, rows, 4, 1234, 8));
  }

  private static double last(Result result) {
    return result.inertia()[result.inertia().length - 1];
  }

  /** With that many clusters, bounds are tightened before rows are compared. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void boundsDoNotShow(Similarity similarity) {
    float[] rows = gaussian(2000, 3, 5);
    Result result =
        new KMeans(PRODUCT, 80, 1, 40)
            .withStart(Start.PARALLEL)
            .fit(similarity, rows.clone(), 3, 1, 0);
    Points points = new Points(similarity, rows.clone(), 3);
    assertThat(result.inertia().length).isGreaterThan(5);
    for (int row = 0; row < 2000; row++) {
      int nearest = 0;
      for (int center = 1; center < 80; center++) {
        if (points.similarity(row, result.centers(), center)
            > points.similarity(row, result.centers(), nearest)) {
          nearest = center;
        }
      }
      assertThat(result.assignments()[row]).isEqualTo(nearest);
    }
  }

  @Test
  void theOrderOfRowsDoesNotShowInSums() {
    float[] rows = gaussian(500, 4, 6);
    float[] turned = new float[rows.length];
    for (int row = 0; row < 500; row++) {
      System.arraycopy(rows, row * 4, turned, (499 - row) * 4, 4);
    }
    Points one = new Points(Similarity.EUCLIDEAN, rows, 4);
    Points other = new Points(Similarity.EUCLIDEAN, turned, 4);
    float[] origin = {1, 2, 3, 4};
    Extent extent = Extent.of(500, origin, one.largest());
    ClusterSums sums = new ClusterSums(extent, 3);
    ClusterSums sumsOfOther = new ClusterSums(extent, 3);
    for (int row = 0; row < 500; row++) {
      sums.add(one, row, row % 3);
      sumsOfOther.add(other, row, (499 - row) % 3);
    }
    assertThat(sumsOfOther.toBytes()).isEqualTo(sums.toBytes());
    assertThat(extent.spreadOf(other)).isEqualTo(extent.spreadOf(one));
    byte[] before = sums.toBytes();
    sums.add(one, 7, 2);
    sums.remove(one, 7, 2);
    assertThat(sums.toBytes()).isEqualTo(before);
  }

  @Test
  void parallelStartsWorkWithFewDistinctRows() {
    float[] rows = {1, 1, 1, 1, 5, 5, 5, 9};
    Result result =
        new KMeans(PRODUCT, 4, 2, 20)
            .withStart(Start.PARALLEL)
            .fit(Similarity.EUCLIDEAN, rows, 1, 3, 0);
    assertThat(last(result)).isZero();
    assertThat(Arrays.stream(result.assignments()).distinct().count()).isEqualTo(3);
  }

  @ParameterizedTest
  @EnumSource(EmptyClusters.class)
  void threadsDoNotShow(EmptyClusters emptyClusters) throws Exception {
    float[] rows = gaussian(3000, 3, 4);
    KMeans kmeans =
        new KMeans(PRODUCT, 700, 2, 8)
            .withStart(Start.RANDOM_ROWS)
            .withEmptyClusters(emptyClusters);
    ForkJoinPool alone = new ForkJoinPool(1);
    ForkJoinPool four = new ForkJoinPool(4);
    try {
      Result one = alone.submit(() -> kmeans.fit(Similarity.COSINE, rows.clone(), 3, 1, 0)).get();
      assertSame(
          four.submit(() -> kmeans.fit(Similarity.COSINE, rows.clone(), 3, 1, 0)).get(), one);
    } finally {
      alone.shutdown();
      four.shutdown();
    }
  }

  @Test
  void namesCentersThatCannotBe() {
    KMeans kmeans = kmeans(3, 1, EmptyClusters.UNCHANGED);
    assertThatThrownBy(() -> kmeans.fitFrom(Similarity.EUCLIDEAN, ROWS, 1, new float[2]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the centers have 2 values, valid is 3, 3 centers of length 1");
    assertThatThrownBy(
            () -> kmeans.fitFrom(Similarity.EUCLIDEAN, ROWS, 1, new float[] {1, Float.NaN, 2}))
        .hasMessageContaining("row 1 has squared norm NaN");
    assertThatThrownBy(() -> kmeans.fitFrom(Similarity.EUCLIDEAN, new float[2], 1, STARTS))
        .hasMessage("clusters is 3, valid is 1 to 2, the number of rows");
  }
}
