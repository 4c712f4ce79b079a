package org.kindred.pipelines.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatsTest {

  @ParameterizedTest
  @CsvSource({
    "0.04,0.0 s",
    "9.96,10.0 s",
    "59,59 s",
    "125,2 min 05 s",
    "3599.7,1 h 00 min",
    "7265,2 h 01 min"
  })
  void durationsAreReadable(double seconds, String text) {
    assertThat(Formats.duration(seconds)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"999,999 B", "1000,1.0 kB", "1234567,1.2 MB", "9223372036854775807,9.2 EB"})
  void sizesAreReadable(long bytes, String text) {
    assertThat(Formats.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0.5,0.5000", "-12.345,-12.35", "1500,'1,500'", "NaN,NaN"})
  void numbersHaveTheDigitsThatMatter(double value, String text) {
    assertThat(Formats.number(value)).isEqualTo(text);
  }

  @Test
  void timesAreUtc() {
    Timestamp start = Timestamp.newBuilder().setSeconds(86_399).setNanos(999_000_000).build();
    Timestamp end = Timestamp.newBuilder().setSeconds(86_401).setNanos(199_000_000).build();
    assertThat(Formats.time(start)).isEqualTo("1970-01-01 23:59:59 UTC");
    assertThat(Formats.between(start, end)).isEqualTo("1.2 s");
  }
}
