package org.kindred.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;
import org.kindred.stages.Golden;

final class ClusteringMetricsTest {

  private static final Offset<Double> TOLERANCE = within(1e-9);

  @Example
  void goldenScores() {
    int checked = 0;
    for (Golden golden : Golden.cases("clustering")) {
      if (!golden.inputs().has("pred")) {
        continue;
      }
      ClusteringMetrics metrics =
          ClusteringMetrics.of(
              Golden.ints(golden.inputs().required("labels")),
              Golden.ints(golden.inputs().required("pred")));
      JsonNode expected = golden.expected();
      assertThat(
              new double[] {
                metrics.nmiArithmetic(),
                metrics.nmiGeometric(),
                metrics.accuracy(),
                metrics.adjustedRand(),
                metrics.purity()
              })
          .as(golden.name())
          .containsExactly(
              new double[] {
                expected.required("NMI_arithmetic").doubleValue(),
                expected.required("NMI_geometric").doubleValue(),
                expected.required("ACC").doubleValue(),
                expected.required("ARI").doubleValue(),
                expected.required("purity").doubleValue()
              },
              TOLERANCE);
      checked++;
    }
    assertThat(checked).isEqualTo(5);
  }

  private static int[] draw(int n, int values, Random random) {
    return random.ints(n, 0, values).toArray();
  }

  @Property
  void allButPurityAreSymmetric(
      @ForAll @IntRange(min = 1, max = 60) int n,
      @ForAll @IntRange(min = 1, max = 7) int classes,
      @ForAll @IntRange(min = 1, max = 9) int clusters,
      @ForAll long seed) {
    Random random = new Random(seed);
    int[] labels = draw(n, classes, random);
    int[] predicted = draw(n, clusters, random);
    ClusteringMetrics one = ClusteringMetrics.of(labels, predicted);
    ClusteringMetrics other = ClusteringMetrics.of(predicted, labels);
    assertThat(one.nmiArithmetic()).isCloseTo(other.nmiArithmetic(), TOLERANCE).isBetween(0.0, 1.0);
    assertThat(one.nmiGeometric()).isCloseTo(other.nmiGeometric(), TOLERANCE).isBetween(0.0, 1.0);
    assertThat(one.accuracy()).isEqualTo(other.accuracy());
    assertThat(one.adjustedRand()).isCloseTo(other.adjustedRand(), TOLERANCE);
    assertThat(one.purity()).isGreaterThanOrEqualTo(one.accuracy());
  }

  @Property
  void relabelledPerfectClustersScoreOne(
      @ForAll @IntRange(min = 1, max = 60) int n,
      @ForAll @IntRange(min = 1, max = 8) int classes,
      @ForAll long seed) {
    Random random = new Random(seed);
    int[] labels = draw(n, classes, random);
    List<Integer> names = new ArrayList<>(IntStream.range(0, classes).boxed().toList());
    Collections.shuffle(names, random);
    int[] renamed = Arrays.stream(labels).map(label -> 100 - 7 * names.get(label)).toArray();
    ClusteringMetrics metrics = ClusteringMetrics.of(labels, renamed);
    assertThat(metrics.nmiArithmetic()).isCloseTo(1, TOLERANCE);
    assertThat(metrics.nmiGeometric()).isCloseTo(1, TOLERANCE);
    assertThat(metrics.accuracy()).isEqualTo(1);
    assertThat(metrics.adjustedRand()).isCloseTo(1, TOLERANCE);
    assertThat(metrics.purity()).isEqualTo(1);
  }

  @Property
  void matchingIsTheBestOfAllPermutations(
      @ForAll @IntRange(min = 1, max = 6) int rows,
      @ForAll @IntRange(min = 1, max = 6) int columns,
      @ForAll long seed) {
    Random random = new Random(seed);
    long[][] weights = new long[rows][];
    for (int row = 0; row < rows; row++) {
      weights[row] = random.longs(columns, 0, 5).toArray();
    }
    assertThat(Matching.greatestTotal(weights)).isEqualTo(best(weights, 0, new boolean[columns]));
  }

  /** Greatest total of the rows from {@code row} on, each matched to a free column or to none. */
  private static long best(long[][] weights, int row, boolean[] taken) {
    if (row == weights.length) {
      return 0;
    }
    long best = best(weights, row + 1, taken);
    for (int column = 0; column < taken.length; column++) {
      if (!taken[column]) {
        taken[column] = true;
        best = Math.max(best, weights[row][column] + best(weights, row + 1, taken));
        taken[column] = false;
      }
    }
    return best;
  }

  @Example
  void independentPartitionsScoreNothing() {
    ClusteringMetrics metrics =
        ClusteringMetrics.of(new int[] {0, 0, 1, 1}, new int[] {0, 1, 0, 1});
    assertThat(metrics.nmiArithmetic()).isZero();
    assertThat(metrics.adjustedRand()).isCloseTo(-0.5, TOLERANCE);
  }

  @Example
  void namesLengthsThatDiffer() {
    assertThatThrownBy(() -> ClusteringMetrics.of(new int[3], new int[2]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 labels and 2 clusters");
    assertThatThrownBy(() -> ClusteringMetrics.of(new int[0], new int[0]))
        .hasMessageContaining("0 labels");
  }
}
