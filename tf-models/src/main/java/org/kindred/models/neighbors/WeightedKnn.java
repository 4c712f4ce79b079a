package org.kindred.models.neighbors;

import org.kindred.models.classification.ClassRanking;

/**
 * Classifies a query by a vote of its nearest neighbours, weighted by similarity: the score of
 * class c is the sum over the neighbours j of class c of exp(s_j / sigma).
 *
 * <p>The greatest similarity is subtracted before the exponential, which scales all scores alike.
 * Votes are added up in order of the neighbours, so that the result is the same everywhere.
 *
 * <p>Immutable.
 *
 * <p>Paper: Z. Wu, Y. Xiong, S. Yu, D. Lin, "Unsupervised Feature Learning via Non-Parametric
 * Instance Discrimination", CVPR 2018, section 3.4.
 */
public final class WeightedKnn {

  private final int classes;
  private final double temperature;

  /**
   * Describes the vote.
   *
   * @param classes number of classes, 1 or more
   * @param temperature sigma, more than 0; infinity gives every neighbour one vote
   */
  public WeightedKnn(int classes, double temperature) {
    if (classes < 1) {
      throw new IllegalArgumentException("classes is " + classes + ", valid is 1 or more");
    }
    if (!(temperature > 0)) {
      throw new IllegalArgumentException(
          "temperature is " + temperature + ", valid is more than 0");
    }
    this.classes = classes;
    this.temperature = temperature;
  }

  /**
   * Returns each class's share of the votes.
   *
   * @param similarities of the neighbours, {@code [k]}, best first
   * @param labels of the neighbours, {@code [k]}, 0 to classes - 1
   * @return {@code [classes]}, adding up to 1; 0 for a class without a neighbour
   */
  public double[] probabilities(float[] similarities, int[] labels) {
    if (similarities.length == 0 || similarities.length != labels.length) {
      throw new IllegalArgumentException(
          "%d similarities and %d labels; valid is as many of both, 1 or more"
              .formatted(similarities.length, labels.length));
    }
    double[] scores = new double[classes];
    double total = 0;
    for (int j = 0; j < labels.length; j++) {
      ClassRanking.checkLabel(labels[j], classes);
      double vote = StrictMath.exp(((double) similarities[j] - similarities[0]) / temperature);
      scores[labels[j]] += vote;
      total += vote;
    }
    for (int c = 0; c < classes; c++) {
      scores[c] /= total;
    }
    return scores;
  }

  /**
   * Place of a class when classes are ordered by probability, equal ones by id.
   *
   * @param probabilities {@code [classes]}
   * @return 0 for the predicted class, to classes - 1
   */
  public int rank(double[] probabilities, int label) {
    return ClassRanking.rank(probabilities, label);
  }

  /** Returns the class of the greatest probability, of equals the lowest. */
  public int predict(double[] probabilities) {
    return ClassRanking.first(probabilities);
  }
}
