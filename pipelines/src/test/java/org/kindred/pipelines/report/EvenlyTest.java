package org.kindred.pipelines.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvenlyTest {

  @ParameterizedTest
  @CsvSource({
    "0,3,''",
    "2,3,'0 1'",
    "3,3,'0 1 2'",
    "10,2,'2 7'",
    "2000000000,2,'500000000 1500000000'"
  })
  void rowsAreEvenlySpaced(int size, int count, String expected) {
    assertThat(Arrays.stream(Evenly.spaced(size, count)).boxed().map(String::valueOf))
        .isEqualTo(expected.isEmpty() ? List.of() : List.of(expected.split(" ")));
  }
}
