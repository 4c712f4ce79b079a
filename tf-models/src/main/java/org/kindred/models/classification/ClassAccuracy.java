package org.kindred.models.classification;

/** Counts over examples, one after the other, how high their own class is ranked. */
public final class ClassAccuracy {

  private final long[] examples;
  private final long[] right;
  private final long[] ranks;
  private long total;

  /**
   * Starts with no example.
   *
   * @param classes number of classes, 1 or more
   */
  public ClassAccuracy(int classes) {
    if (classes < 1) {
      throw new IllegalArgumentException("classes is " + classes + ", valid is 1 or more");
    }
    this.examples = new long[classes];
    this.right = new long[classes];
    this.ranks = new long[classes];
  }

  /**
   * Counts an example.
   *
   * @param scores {@code [classes]}, no NaN; equal scores rank by class id
   * @param label its class
   */
  public void add(double[] scores, int label) {
    if (scores.length != examples.length) {
      throw new IllegalArgumentException(
          scores.length + " scores, valid are " + examples.length + ", one for each class");
    }
    int rank = ClassRanking.rank(scores, label);
    examples[label]++;
    right[label] += rank == 0 ? 1 : 0;
    ranks[rank]++;
    total++;
  }

  /**
   * Returns the share of the examples whose class is among the k ranked highest, 0 to 1.
   *
   * @param k 1 to the number of classes
   */
  public double top(int k) {
    if (k < 1 || k > ranks.length) {
      throw new IllegalArgumentException("k is " + k + ", valid is 1 to " + ranks.length);
    }
    long found = 0;
    for (int rank = 0; rank < k; rank++) {
      found += ranks[rank];
    }
    return (double) found / requireExamples();
  }

  /**
   * Returns the mean, over the classes that examples were of, of the share of a class's examples
   * that have it ranked first, 0 to 1.
   */
  public double meanPerClass() {
    requireExamples();
    double sum = 0;
    int present = 0;
    for (int c = 0; c < examples.length; c++) {
      if (examples[c] > 0) {
        sum += (double) right[c] / examples[c];
        present++;
      }
    }
    return sum / present;
  }

  private long requireExamples() {
    if (total == 0) {
      throw new IllegalStateException("no example was counted, valid are 1 or more");
    }
    return total;
  }
}
