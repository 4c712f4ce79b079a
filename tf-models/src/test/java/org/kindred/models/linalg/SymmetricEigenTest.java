package org.kindred.models.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class SymmetricEigenTest {

  @Test
  void vectorsSpanTheMatrix() {
    int size = 40;
    Random random = new Random(3);
    double[] matrix = new double[size * size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j <= i; j++) {
        matrix[i * size + j] = random.nextGaussian();
        matrix[j * size + i] = matrix[i * size + j];
      }
    }
    SymmetricEigen eigen = SymmetricEigen.of(matrix, size);
    for (int rank = 0; rank < size; rank++) {
      double[] vector = eigen.vector(rank);
      double value = eigen.value(rank);
      for (int i = 0; i < size; i++) {
        double product = 0;
        for (int j = 0; j < size; j++) {
          product += matrix[i * size + j] * vector[j];
        }
        assertThat(product).isCloseTo(value * vector[i], within(1e-12));
      }
      assertThat(dot(vector, vector)).isCloseTo(1, within(1e-12));
      assertThat(positive(vector)).isTrue();
      if (rank > 0) {
        assertThat(value).isLessThan(eigen.value(rank - 1));
        assertThat(dot(vector, eigen.vector(rank - 1))).isCloseTo(0, within(1e-12));
      }
    }
  }

  private static double dot(double[] left, double[] right) {
    double sum = 0;
    for (int i = 0; i < left.length; i++) {
      sum += left[i] * right[i];
    }
    return sum;
  }

  private static boolean positive(double[] vector) {
    double greatest = 0;
    for (double value : vector) {
      greatest = Math.abs(value) > Math.abs(greatest) ? value : greatest;
    }
    return greatest > 0;
  }

  @Test
  void onlyTheLowerTriangleIsRead() {
    SymmetricEigen eigen = SymmetricEigen.of(new double[] {2, 77, 1, 2}, 2);
    assertThat(eigen.value(0)).isCloseTo(3, within(1e-15));
    assertThat(eigen.value(1)).isCloseTo(1, within(1e-15));
    double half = Math.sqrt(0.5);
    assertThat(eigen.vector(0)).containsExactly(new double[] {half, half}, within(1e-15));
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> SymmetricEigen.of(new double[5], 2))
        .hasMessage("a matrix of 2 x 2 cannot be made of 5 values");
    assertThatThrownBy(() -> SymmetricEigen.of(new double[] {1, 2, Double.NaN, 1}, 2))
        .hasMessage("row 1, column 0 of the matrix is NaN; values must be finite");
    SymmetricEigen eigen = SymmetricEigen.of(new double[] {4}, 1);
    assertThat(eigen.vector(0)).containsExactly(1);
    assertThatThrownBy(() -> eigen.value(1)).isInstanceOf(IndexOutOfBoundsException.class);
  }
}
