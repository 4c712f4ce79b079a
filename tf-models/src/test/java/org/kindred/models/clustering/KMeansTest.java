package org.kindred.models.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.kindred.models.Golden;
import org.kindred.models.clustering.KMeans.Result;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;

final class KMeansTest {

  private static final MatrixProduct PRODUCT = new MatrixProduct();

  private static Result fit(
      Similarity similarity, float[] values, int dim, int clusters, int restarts) {
    return new KMeans(PRODUCT, clusters, restarts, 100).fit(similarity, values.clone(), dim, 7, 0);
  }

  /** Groups of rows around well separated corners; row r belongs to group r mod {@code groups}. */
  private static float[] groups(int rows, int dim, int groups, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * dim];
    for (int row = 0; row < rows; row++) {
      for (int d = 0; d < dim; d++) {
        double corner = d == row % groups ? 10 : 0;
        values[row * dim + d] = (float) (corner + 0.1 * random.nextGaussian());
      }
    }
    return values;
  }

  @Example
  void goldenIterations() {
    Golden golden = Golden.only("clustering", "kmeans_lloyd");
    float[] points = Golden.floats(golden.inputs().required("points"));
    float[] start = Golden.floats(golden.inputs().required("initial_centres"));
    JsonNode iterations = golden.expected().required("iterations");
    Result result = new KMeans(PRODUCT, 3, 1, 50).fitFrom(Similarity.EUCLIDEAN, points, 2, start);
    assertThat(result.inertia()).hasSize(iterations.size());
    for (int i = 0; i < iterations.size(); i++) {
      assertThat(result.inertia()[i])
          .isCloseTo(iterations.get(i).required("inertia").doubleValue(), within(1e-9));
    }
    assertThat(result.assignments())
        .isEqualTo(Golden.ints(iterations.get(iterations.size() - 1).required("assign")));
    assertThat(result.centers())
        .isEqualTo(Golden.floats(golden.expected().required("final_centres")));
    assertThat(result.converged()).isTrue();
  }

  @Example
  void findsSeparateGroups() {
    for (Similarity similarity : Similarity.values()) {
      Result result = fit(similarity, groups(300, 6, 5, 1), 6, 5, 5);
      assertThat(result.converged()).isTrue();
      for (int row = 5; row < 300; row++) {
        assertThat(result.assignments()[row]).isEqualTo(result.assignments()[row % 5]);
      }
      assertThat(Arrays.stream(result.assignments()).distinct().count()).isEqualTo(5);
    }
  }

  @Property(tries = 60)
  void everyRowIsWithItsNearestCenterAndInertiaFalls(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 1, max = 12) int clusters,
      @ForAll @IntRange(min = 1, max = 3) int side,
      @ForAll long seed) {
    Random random = new Random(seed);
    int dim = 3;
    float[] values = new float[40 * dim];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 + random.nextInt(side);
    }
    Result result = fit(similarity, values, dim, clusters, 2);

    Points points = new Points(similarity, values.clone(), dim);
    double inertia = 0;
    for (int row = 0; row < points.rows(); row++) {
      assertThat(result.assignments()[row]).isEqualTo(nearest(points, row, result.centers()));
      double distance = points.squaredDistance(row, result.centers(), result.assignments()[row]);
      assertThat(result.squaredDistances()[row]).isEqualTo((float) distance);
      inertia += distance;
    }
    double[] history = result.inertia();
    assertThat(history[history.length - 1]).isCloseTo(inertia, within(1e-9));
    for (int i = 1; i < history.length; i++) {
      assertThat(history[i]).isLessThanOrEqualTo(history[i - 1] + 1e-4);
    }
  }

  private static int nearest(Points points, int row, float[] centers) {
    int nearest = 0;
    for (int center = 1; center < centers.length / points.dim(); center++) {
      if (points.similarity(row, centers, center) > points.similarity(row, centers, nearest)) {
        nearest = center;
      }
    }
    return nearest;
  }

  @Example
  void repeatsToTheBitAndTheBestRestartWins() {
    float[] values = groups(400, 8, 7, 3);
    Result many = fit(Similarity.EUCLIDEAN, values, 8, 6, 8);
    Result again = fit(Similarity.EUCLIDEAN, values, 8, 6, 8);
    assertThat(again.centers()).isEqualTo(many.centers());
    assertThat(again.assignments()).isEqualTo(many.assignments());
    assertThat(again.inertia()).isEqualTo(many.inertia());
    Points points = new Points(Similarity.EUCLIDEAN, values, 8);
    double least = Double.POSITIVE_INFINITY;
    for (int restart = 0; restart < 8; restart++) {
      Result alone =
          new KMeans(PRODUCT, 6, 1, 100)
              .fitFrom(
                  Similarity.EUCLIDEAN, values, 8, PlusPlusStart.choose(points, 6, 7, restart));
      double inertia = alone.inertia()[alone.inertia().length - 1];
      if (restart == many.restart()) {
        assertThat(alone.inertia()).isEqualTo(many.inertia());
        assertThat(alone.centers()).isEqualTo(many.centers());
      }
      least = Math.min(least, inertia);
    }
    assertThat(many.inertia()[many.inertia().length - 1]).isEqualTo(least);
  }

  @Example
  void anEmptyClusterGetsTheFarthestRow() {
    float[] points = {0, 1, 2, 11};
    Result result =
        new KMeans(PRODUCT, 2, 1, 20)
            .fitFrom(Similarity.EUCLIDEAN, points, 1, new float[] {3, 1000});
    assertThat(result.assignments()).containsExactly(0, 0, 0, 1);
    assertThat(result.centers()).containsExactly(1, 11);
  }

  @Example
  void fewerDistinctRowsThanClustersLeaveSomeEmpty() {
    float[] points = {5, 5, 5, 8, 8};
    Result result = fit(Similarity.EUCLIDEAN, points, 1, 4, 3);
    assertThat(result.converged()).isTrue();
    assertThat(result.inertia()[result.inertia().length - 1]).isZero();
    assertThat(Arrays.stream(result.assignments()).distinct().count()).isEqualTo(2);
  }

  @Example
  void asManyClustersAsRowsHaveOneEach() {
    float[] points = {3, 1, 4, 15, 9};
    Result result = fit(Similarity.EUCLIDEAN, points, 1, 5, 1);
    assertThat(Arrays.stream(result.assignments()).sorted())
        .containsExactlyElementsOf(IntStream.range(0, 5).boxed().toList());
    assertThat(result.squaredDistances()).containsOnly(0);
  }

  @Example
  void aTieGoesToTheLowerCenter() {
    Result result =
        new KMeans(PRODUCT, 2, 1, 1)
            .fitFrom(Similarity.EUCLIDEAN, new float[] {0, 2, 1}, 1, new float[] {2, 0});
    assertThat(result.assignments()).containsExactly(1, 0, 0);
    assertThat(result.converged()).isFalse();
  }

  @Example
  void inertiaStaysExactFarFromTheOrigin() {
    float[] values = groups(60, 3, 3, 9);
    for (int i = 0; i < values.length; i++) {
      values[i] += 4096;
    }
    Result result = fit(Similarity.EUCLIDEAN, values, 3, 3, 3);
    double sum = 0;
    for (float distance : result.squaredDistances()) {
      sum += distance;
    }
    assertThat(result.inertia()[result.inertia().length - 1]).isCloseTo(sum, within(1e-6));
  }

  @Example
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> fit(Similarity.EUCLIDEAN, new float[6], 2, 4, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("clusters is 4, valid is 1 to 3, the number of rows");
    assertThatThrownBy(() -> new KMeans(PRODUCT, 0, 1, 1)).hasMessageContaining("clusters is 0");
    assertThatThrownBy(() -> new KMeans(PRODUCT, 1, 0, 1)).hasMessageContaining("restarts is 0");
    assertThatThrownBy(() -> new KMeans(PRODUCT, 1, 1, 0)).hasMessageContaining("iterations is 0");
    assertThatThrownBy(() -> fit(Similarity.EUCLIDEAN, new float[] {1, Float.NaN}, 1, 1, 1))
        .hasMessageContaining("row 1 has squared norm NaN");
    assertThatThrownBy(() -> fit(Similarity.COSINE, new float[] {1, Float.NaN}, 1, 1, 1))
        .hasMessageContaining("row 1 has norm NaN");
  }
}
