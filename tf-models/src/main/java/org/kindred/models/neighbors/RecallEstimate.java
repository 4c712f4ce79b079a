package org.kindred.models.neighbors;

/**
 * Recall@k, the share of a query's exact neighbours that a search finds, estimated from a sample of
 * queries.
 *
 * @param mean mean over the sample
 * @param lower lower end of a 95 % confidence interval
 * @param upper upper end
 * @param queries size of the sample
 */
public record RecallEstimate(double mean, double lower, double upper, int queries) {

  /** Standard normal quantile of 0.975. */
  private static final double QUANTILE = 1.959964;

  /**
   * Estimates recall from what was found of each query's neighbours.
   *
   * <p>The interval is that of the central limit theorem, its lower end taken after one more query
   * of recall 0 and its upper end after one of recall 1: a sample that misses nothing is no proof
   * that nothing is ever missed, and gets the lower end 1 - 3 / queries (the rule of three).
   *
   * @param found neighbours found of each query, {@code [queries]}, one or more
   * @param k neighbours of each query
   */
  static RecallEstimate of(int[] found, int k) {
    double sum = 0;
    double squares = 0;
    for (int count : found) {
      double recall = (double) count / k;
      sum += recall;
      squares += recall * recall;
    }
    int more = found.length + 1;
    double width = QUANTILE / Math.sqrt(more);
    double low = sum / more;
    double high = (sum + 1) / more;
    return new RecallEstimate(
        sum / found.length,
        Math.max(0, low - width * deviation(low, squares / more)),
        Math.min(1, high + width * deviation(high, (squares + 1) / more)),
        found.length);
  }

  private static double deviation(double mean, double meanSquare) {
    return Math.sqrt(Math.max(0, meanSquare - mean * mean));
  }
}
