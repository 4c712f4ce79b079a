package org.kindred.models.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.models.linalg.MatrixProduct.Matrix;
import org.kindred.models.linalg.MatrixProduct.Product;

final class MatrixProductTest {

  private static MatrixProduct products;

  @BeforeAll
  static void open() {
    products = new MatrixProduct();
  }

  @AfterAll
  static void close() {
    products.close();
  }

  private static float[] random(int rows, int columns, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return values;
  }

  /** Multiplies rows {@code [from, from + count)} of each side. */
  private static float[][] multiply(
      float[] a, int aFrom, int aCount, float[] b, int bFrom, int bCount, int columns) {
    FloatBuffer left = FloatBuffer.wrap(a).position(aFrom * columns);
    FloatBuffer right = FloatBuffer.wrap(b).position(bFrom * columns);
    try (Matrix leftMatrix = products.upload(left, aCount, columns);
        Matrix rightMatrix = products.upload(right, bCount, columns);
        Product product = products.multiply(leftMatrix, rightMatrix)) {
      assertThat(product.rows()).isEqualTo(aCount);
      assertThat(product.columns()).isEqualTo(bCount);
      float[][] rows = new float[aCount][bCount];
      for (int row = 0; row < aCount; row++) {
        FloatBuffer values = product.row(row);
        assertThat(values.isDirect()).isTrue();
        assertThat(values.remaining()).isEqualTo(bCount);
        values.get(rows[row]);
      }
      return rows;
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "1, 5, 3", "7, 3, 128", "15, 200, 17", "64, 64, 64", "130, 70, 512"})
  void agreesWithAPlainLoop(int m, int n, int d) {
    float[] a = random(m, d, 1);
    float[] b = random(n, d, 2);
    float[][] got = multiply(a, 0, m, b, 0, n, d);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int k = 0; k < d; k++) {
          sum += (double) a[i * d + k] * b[j * d + k];
        }
        assertThat((double) got[i][j]).as("%d, %d", i, j).isBetween(sum - 1e-5, sum + 1e-5);
      }
    }
  }

  /** What a caller that cuts a matrix into blocks relies on. */
  @ParameterizedTest
  @CsvSource({"3", "100", "128", "512"})
  void anElementIsTheSameBitsInEveryBlock(int d) {
    int n = 300;
    float[] a = random(n, d, 3);
    float[][] whole = multiply(a, 0, n, a, 0, n, d);
    int[][] blocks = {
      {0, 1, 0, 300},
      {5, 3, 17, 1},
      {0, 15, 100, 16},
      {31, 33, 2, 63},
      {64, 65, 1, 2},
      {299, 1, 299, 1},
      {1, 299, 7, 128},
      {250, 50, 0, 300},
    };
    for (int[] block : blocks) {
      float[][] part = multiply(a, block[0], block[1], a, block[2], block[3], d);
      for (int i = 0; i < block[1]; i++) {
        for (int j = 0; j < block[3]; j++) {
          assertThat(part[i][j]).isEqualTo(whole[block[0] + i][block[2] + j]);
          assertThat(part[i][j]).isEqualTo(whole[block[2] + j][block[0] + i]);
        }
      }
    }
  }

  @Test
  void threadsShareAMatrix() throws Exception {
    float[] a = random(200, 64, 4);
    float[][] alone = multiply(a, 0, 200, a, 0, 200, 64);
    ExecutorService callers = Executors.newFixedThreadPool(4);
    try (Matrix shared = products.upload(FloatBuffer.wrap(a), 200, 64)) {
      List<Future<Boolean>> calls = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        calls.add(
            callers.submit(
                () -> {
                  try (Product product = products.multiply(shared, shared)) {
                    for (int row = 0; row < 200; row++) {
                      if (!product.row(row).equals(FloatBuffer.wrap(alone[row]))) {
                        return false;
                      }
                    }
                    return true;
                  }
                }));
      }
      for (Future<Boolean> call : calls) {
        assertThat(call.get()).isTrue();
      }
    } finally {
      callers.shutdownNow();
    }
  }

  @Test
  void namesWhatDoesNotFit() {
    assertThatThrownBy(() -> products.upload(FloatBuffer.allocate(5), 2, 3))
        .hasMessage("a matrix of 2 x 3 cannot be made of 5 values");
    assertThatThrownBy(() -> products.upload(FloatBuffer.allocate(5), 0, 3))
        .isInstanceOf(IllegalArgumentException.class);
    try (Matrix a = products.upload(FloatBuffer.allocate(6), 2, 3);
        Matrix b = products.upload(FloatBuffer.allocate(6), 3, 2)) {
      assertThatThrownBy(() -> products.multiply(a, b))
          .hasMessage("the matrices have 3 and 2 columns");
      try (Matrix large = products.upload(FloatBuffer.allocate(70_000), 70_000, 1)) {
        assertThatThrownBy(() -> products.multiply(large, large))
            .hasMessageContaining("70000 x 70000 elements is too large");
      }
      try (Product product = products.multiply(a, a)) {
        assertThatThrownBy(() -> product.row(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> product.row(2)).isInstanceOf(IndexOutOfBoundsException.class);
      }
    }
  }
}
