package org.kindred.stages.evaluate;

import java.util.Arrays;

/**
 * How well clusters agree with labels; natural logarithms, all from the {@link Contingency} n_ij.
 *
 * <p>With MI = sum n_ij/n ln(n n_ij / (a_i b_j)) and the entropies H(a), H(b): where both
 * partitions have one part, NMI is 1; where only one has, 0.
 *
 * @param nmiArithmetic normalised mutual information 2 MI / (H(a) + H(b)), 0 to 1
 * @param nmiGeometric normalised mutual information MI / sqrt(H(a) H(b)), 0 to 1
 * @param accuracy 1/n times the greatest sum of n_ij over one-to-one maps of clusters to labels, 0
 *     to 1
 * @param adjustedRand adjusted Rand index (sum C(n_ij,2) - E) / ((sum C(a_i,2) + sum C(b_j,2))/2 -
 *     E), E = sum C(a_i,2) sum C(b_j,2) / C(n,2); at most 1, about 0 for chance
 * @param purity 1/n times the sum of each cluster's most frequent label, 0 to 1; many clusters may
 *     share a label
 */
public record ClusteringMetrics(
    double nmiArithmetic,
    double nmiGeometric,
    double accuracy,
    double adjustedRand,
    double purity) {

  /**
   * Compares clusters and labels.
   *
   * @param labels {@code [n]}, any numbers, one item or more
   * @param clusters {@code [n]}, any numbers
   */
  public static ClusteringMetrics of(int[] labels, int[] clusters) {
    Contingency table = Contingency.of(labels, clusters);
    double labelEntropy = entropy(table.labels(), table.n());
    double clusterEntropy = entropy(table.clusters(), table.n());
    double information = mutualInformation(table);
    return new ClusteringMetrics(
        normalize(information, (labelEntropy + clusterEntropy) / 2, table),
        normalize(information, Math.sqrt(labelEntropy * clusterEntropy), table),
        (double) Matching.greatestTotal(table.counts()) / table.n(),
        adjustedRand(table),
        purity(table));
  }

  private static double entropy(long[] sums, long n) {
    double entropy = 0;
    for (long sum : sums) {
      double share = (double) sum / n;
      entropy -= share * StrictMath.log(share);
    }
    return entropy;
  }

  private static double mutualInformation(Contingency table) {
    double information = 0;
    for (int i = 0; i < table.labels().length; i++) {
      for (int j = 0; j < table.clusters().length; j++) {
        double joint = table.counts()[i][j];
        if (joint > 0) {
          double independent = (double) table.labels()[i] * table.clusters()[j];
          information += joint / table.n() * StrictMath.log(table.n() * joint / independent);
        }
      }
    }
    return information;
  }

  private static double normalize(double information, double mean, Contingency table) {
    boolean oneLabel = table.labels().length == 1;
    boolean oneCluster = table.clusters().length == 1;
    if (oneLabel || oneCluster) {
      return oneLabel && oneCluster ? 1 : 0;
    }
    return Math.min(1, Math.max(0, information / mean));
  }

  private static double adjustedRand(Contingency table) {
    double labelPairs = pairs(table.labels());
    double clusterPairs = pairs(table.clusters());
    double both = Arrays.stream(table.counts()).mapToDouble(ClusteringMetrics::pairs).sum();
    double expected = table.n() < 2 ? 0 : labelPairs * clusterPairs / pairs(table.n());
    double greatest = (labelPairs + clusterPairs) / 2;
    // Both have one part, or both have a part for each item: they are the same.
    return greatest == expected ? 1 : (both - expected) / (greatest - expected);
  }

  private static double pairs(long... sums) {
    double pairs = 0;
    for (long sum : sums) {
      pairs += sum * (sum - 1) / 2.0;
    }
    return pairs;
  }

  private static double purity(Contingency table) {
    long pure = 0;
    for (int j = 0; j < table.clusters().length; j++) {
      long most = 0;
      for (long[] ofLabel : table.counts()) {
        most = Math.max(most, ofLabel[j]);
      }
      pure += most;
    }
    return (double) pure / table.n();
  }
}
