package org.kindred.models.linalg;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class SimilarityTest {

  @ParameterizedTest
  @EnumSource
  void scoresOfSeveralRowsAreThoseOfEach(Similarity similarity) {
    int dim = 37;
    Random random = new Random(1);
    float[] values = new float[20 * dim];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    int[] rows = {19, 0, 3, 3, 7, 12, 1, 18, 2, 11, 4};
    for (int count = 0; count <= rows.length; count++) {
      float[] scores = new float[rows.length];
      similarity.scores(values, 5 * dim, values, rows, count, dim, scores);
      for (int i = 0; i < rows.length; i++) {
        float expected =
            i < count ? similarity.score(values, 5 * dim, values, rows[i] * dim, dim) : 0;
        assertThat(scores[i]).isEqualTo(expected);
      }
    }
  }
}
