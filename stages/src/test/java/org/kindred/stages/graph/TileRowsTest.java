package org.kindred.stages.graph;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TileRowsTest {

  @ParameterizedTest
  @CsvSource({
    "1, 128, 10, 16384",
    "50_000, 128, 10, 16384",
    "200_000, 128, 10, 28672",
    "1_280_000, 128, 10, 106496",
    "10_000_000, 128, 10, 106496",
    "10_000_000, 128, 1000, 4096",
    "10_000_000, 2048, 10, 4096",
    "10_000_000, 150528, 10, 4096"
  })
  void tilesFitTheMemoryOfASideAndThereAreSeveral(String rows, int dimension, int k, int expected) {
    assertThat(TileRows.of(Long.parseLong(rows.replace("_", "")), dimension, k))
        .isEqualTo(expected);
  }
}
