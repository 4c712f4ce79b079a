package org.kindred.models.classification;

/** The order of classes by score, the greatest first, equal ones by id. */
public final class ClassRanking {

  private ClassRanking() {}

  /**
   * Returns the place of a class.
   *
   * @param scores {@code [classes]}, no NaN
   * @param label the class
   * @return 0 for the first, to classes - 1
   * @throws IllegalArgumentException when there is no such class
   */
  public static int rank(double[] scores, int label) {
    checkLabel(label, scores.length);
    int rank = 0;
    for (int c = 0; c < scores.length; c++) {
      if (scores[c] > scores[label] || (scores[c] == scores[label] && c < label)) {
        rank++;
      }
    }
    return rank;
  }

  /** Returns the first class, which is the predicted one. */
  public static int first(double[] scores) {
    int best = 0;
    for (int c = 1; c < scores.length; c++) {
      if (scores[c] > scores[best]) {
        best = c;
      }
    }
    return best;
  }

  /**
   * Checks a label.
   *
   * @throws IllegalArgumentException when there is no such class
   */
  public static void checkLabel(int label, int classes) {
    if (label < 0 || label >= classes) {
      throw new IllegalArgumentException("label is " + label + ", valid is 0 to " + (classes - 1));
    }
  }
}
