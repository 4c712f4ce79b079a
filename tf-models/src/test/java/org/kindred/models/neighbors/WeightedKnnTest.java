package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.kindred.models.Golden;

final class WeightedKnnTest {

  /** Similarities and labels of the k bank rows nearest to a query; all are angles. */
  @SuppressWarnings("ArrayRecordComponent") // only read
  private record Nearest(float[] similarities, int[] labels) {

    static Nearest of(Golden golden, double query) {
      double[] bank = Golden.doubles(golden.inputs().required("bank_angles"));
      int[] labels = Golden.ints(golden.inputs().required("labels"));
      int k = Math.min(golden.inputs().required("k").intValue(), bank.length);
      List<Integer> nearest =
          IntStream.range(0, bank.length)
              .boxed()
              .sorted(Comparator.comparingDouble(row -> Math.abs(bank[row] - query)))
              .limit(k)
              .toList();
      float[] similarities = new float[k];
      int[] nearestLabels = new int[k];
      for (int j = 0; j < k; j++) {
        similarities[j] = (float) Math.cos(Math.toRadians(bank[nearest.get(j)] - query));
        nearestLabels[j] = labels[nearest.get(j)];
      }
      return new Nearest(similarities, nearestLabels);
    }
  }

  @Example
  void goldenProbabilitiesAndRanks() {
    for (Golden golden : Golden.cases("knn_classifier", "")) {
      if (!golden.expected().has("class_probs")) {
        continue;
      }
      WeightedKnn vote = new WeightedKnn(3, golden.inputs().required("sigma").doubleValue());
      double[] queries = Golden.doubles(golden.inputs().required("query_angles"));
      for (int q = 0; q < queries.length; q++) {
        Nearest nearest = Nearest.of(golden, queries[q]);
        double[] probabilities = vote.probabilities(nearest.similarities, nearest.labels);
        assertThat(probabilities)
            .as("%s, query %d", golden, q)
            .containsExactly(
                Golden.doubles(golden.expected().required("class_probs").get(q)), within(5e-5));
        int[] ranking = Golden.ints(golden.expected().required("ranking").get(q));
        for (int place = 0; place < 3; place++) {
          assertThat(vote.rank(probabilities, ranking[place])).isEqualTo(place);
        }
      }
    }
  }

  @Example
  void goldenWeightsOutvoteTheMajority() {
    Golden golden = Golden.only("knn_classifier", "weighted_differs_from_majority");
    Nearest nearest = Nearest.of(golden, 24);
    double[] weighted =
        new WeightedKnn(3, 0.07).probabilities(nearest.similarities, nearest.labels);
    assertThat(weighted)
        .containsExactly(
            Golden.doubles(golden.expected().required("weighted_probs")), within(5e-5));
    WeightedKnn majority = new WeightedKnn(3, Double.POSITIVE_INFINITY);
    double[] votes = majority.probabilities(nearest.similarities, nearest.labels);
    assertThat(votes).containsExactly(new double[] {0.4, 0.6, 0}, within(1e-12));
    assertThat(majority.rank(votes, golden.expected().required("majority_top1").intValue()))
        .isZero();
  }

  @Property
  void infiniteTemperatureIsTheMajorityAndOneNeighbourDecides(
      @ForAll @IntRange(min = 1, max = 30) int k, @ForAll long seed) {
    Random random = new Random(seed);
    int[] labels = random.ints(k, 0, 4).toArray();
    float[] similarities = new float[k];
    for (int j = 0; j < k; j++) {
      similarities[j] = 1 - 0.05f * j;
    }
    double[] majority = new WeightedKnn(4, 1e12).probabilities(similarities, labels);
    for (int c = 0; c < 4; c++) {
      int label = c;
      long votes = Arrays.stream(labels).filter(l -> l == label).count();
      assertThat(majority[c]).isCloseTo((double) votes / k, within(1e-9));
    }
    WeightedKnn vote = new WeightedKnn(4, 0.1);
    float[] nearest = {similarities[0]};
    double[] decided = vote.probabilities(nearest, new int[] {labels[0]});
    assertThat(vote.predict(decided)).isEqualTo(labels[0]);
  }

  @Example
  void tiesGoToTheLowerClass() {
    WeightedKnn vote = new WeightedKnn(7, 0.1);
    double[] probabilities = vote.probabilities(new float[] {0.5f, 0.5f}, new int[] {5, 3});
    assertThat(vote.predict(probabilities)).isEqualTo(3);
    int[] ranks = IntStream.range(0, 7).map(label -> vote.rank(probabilities, label)).toArray();
    assertThat(ranks).containsExactly(2, 3, 4, 0, 5, 1, 6);
  }

  @Example
  void smallTemperaturesDoNotOverflow() {
    double[] probabilities =
        new WeightedKnn(2, 1e-4).probabilities(new float[] {1, 0.5f}, new int[] {1, 0});
    assertThat(probabilities).containsExactly(0, 1);
  }

  @Example
  void namesWhatIsWrong() {
    WeightedKnn vote = new WeightedKnn(3, 0.1);
    assertThatThrownBy(() -> vote.probabilities(new float[] {1}, new int[] {3}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("label is 3, valid is 0 to 2");
    assertThatThrownBy(() -> vote.probabilities(new float[0], new int[0]))
        .hasMessageContaining("0 similarities");
    assertThatThrownBy(() -> vote.probabilities(new float[2], new int[1]))
        .hasMessageContaining("2 similarities and 1 labels");
    assertThatThrownBy(() -> new WeightedKnn(3, 0)).hasMessageContaining("temperature is 0.0");
    assertThatThrownBy(() -> new WeightedKnn(3, Double.NaN)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> new WeightedKnn(0, 1)).hasMessageContaining("classes is 0");
  }
}
