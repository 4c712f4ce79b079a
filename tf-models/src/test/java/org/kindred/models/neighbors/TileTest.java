package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.kindred.models.linalg.RowException;
import org.kindred.models.linalg.Similarity;
import org.kindred.proto.artifact.v1.Metric;

final class TileTest {

  @Test
  void cosineNormalisesTheRows() {
    Tile tile = Tile.of(Similarity.COSINE, 5, 2, new float[] {3, 4, 0, 2});
    assertThat(tile.score(0, tile, 1)).isCloseTo(0.8f, within(1e-7f));
    assertThat(tile.score(0, tile, 0)).isCloseTo(1, within(1e-7f));
    assertThat(tile.toString()).isEqualTo("Tile[rows 5 to 6, dimension 2, COSINE]");
  }

  @Test
  void euclideanIsTheNegativeSquaredDistance() {
    Tile tile = Tile.of(Similarity.EUCLIDEAN, 0, 3, new float[] {1, 2, 3, 1, 4, 6});
    assertThat(tile.score(0, tile, 1)).isEqualTo(-13);
    assertThat(Float.floatToRawIntBits(tile.score(0, tile, 0))).isZero();
  }

  @Test
  void namesTheRowThatCannotBeCompared() {
    assertThatThrownBy(() -> Tile.of(Similarity.COSINE, 10, 2, new float[] {1, 0, 1, Float.NaN}))
        .isInstanceOfSatisfying(RowException.class, e -> assertThat(e.row()).isEqualTo(11))
        .hasMessage("row 11 has norm NaN; rows must be finite");
    assertThatThrownBy(() -> Tile.of(Similarity.EUCLIDEAN, 4, 1, new float[] {1, Float.NaN, 2}))
        .hasMessageContaining("row 5 has squared norm NaN");
    assertThatThrownBy(
            () -> Tile.of(Similarity.EUCLIDEAN, 0, 1, new float[] {Float.NEGATIVE_INFINITY}))
        .hasMessageContaining("row 0 has squared norm Infinity");
    assertThatThrownBy(() -> Tile.of(Similarity.EUCLIDEAN, 0, 1, new float[] {1e19f}))
        .hasMessageContaining("row 0 has squared norm 9.99");
  }

  /** A norm of less than 1e-12 counts as 1e-12. */
  @Test
  void aRowOfZerosStaysOne() {
    Tile tile = Tile.of(Similarity.COSINE, 0, 2, new float[] {0, 0, 3, 4, 0, 2e-13f});
    assertThat(tile.score(0, tile, 0)).isZero();
    assertThat(tile.score(0, tile, 1)).isZero();
    assertThat(tile.score(1, tile, 1)).isEqualTo(1);
    assertThat(tile.score(1, tile, 2)).isCloseTo(0.8f * 0.2f, within(1e-6f));
  }

  @Test
  void refusesShapesThatAreNone() {
    assertThatThrownBy(() -> Tile.of(Similarity.COSINE, 0, 3, new float[4]))
        .hasMessageContaining("4 values are not one or more whole rows of length 3");
    assertThatThrownBy(() -> Tile.of(Similarity.COSINE, 0, 0, new float[4]))
        .hasMessageContaining("dimension is 0");
    assertThatThrownBy(() -> Tile.of(Similarity.EUCLIDEAN, -1, 2, new float[4]))
        .hasMessageContaining("first row is -1");
  }

  @Test
  void similarityComesFromTheMetric() {
    assertThat(Similarity.of(Metric.METRIC_COSINE)).isEqualTo(Similarity.COSINE);
    assertThat(Similarity.of(Metric.METRIC_EUCLIDEAN)).isEqualTo(Similarity.EUCLIDEAN);
    assertThatThrownBy(() -> Similarity.of(Metric.METRIC_UNSPECIFIED))
        .hasMessageContaining("metric is METRIC_UNSPECIFIED");
  }
}
