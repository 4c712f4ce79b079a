package org.kindred.pipelines.experiment;

import com.google.protobuf.Descriptors.FieldDescriptor;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kindred.proto.artifact.v1.Options;
import org.kindred.proto.artifact.v1.Range;

/** The valid values of a number; an absent bound is no bound. */
record Interval(
    Optional<BigDecimal> min,
    Optional<BigDecimal> max,
    boolean exclusiveMin,
    boolean exclusiveMax) {

  /** What the field's option {@code range} says; everything when it has none. */
  static Interval declaredBy(FieldDescriptor field) {
    Range range = field.getOptions().getExtension(Options.range);
    return new Interval(
        range.hasMin() ? Optional.of(BigDecimal.valueOf(range.getMin())) : Optional.empty(),
        range.hasMax() ? Optional.of(BigDecimal.valueOf(range.getMax())) : Optional.empty(),
        range.getExclusiveMin(),
        range.getExclusiveMax());
  }

  /** What fits the integer type of the field. */
  static Interval ofType(FieldDescriptor field) {
    int bits = field.getJavaType() == FieldDescriptor.JavaType.INT ? 32 : 64;
    boolean unsigned =
        switch (field.getType()) {
          case UINT32, FIXED32, UINT64, FIXED64 -> true;
          default -> false;
        };
    BigInteger min = unsigned ? BigInteger.ZERO : BigInteger.TWO.pow(bits - 1).negate();
    BigInteger max = BigInteger.TWO.pow(unsigned ? bits : bits - 1).subtract(BigInteger.ONE);
    return new Interval(
        Optional.of(new BigDecimal(min)), Optional.of(new BigDecimal(max)), false, false);
  }

  boolean contains(BigDecimal value) {
    return min.map(bound -> value.compareTo(bound) >= (exclusiveMin ? 1 : 0)).orElse(true)
        && max.map(bound -> value.compareTo(bound) <= (exclusiveMax ? -1 : 0)).orElse(true);
  }

  /** Such as {@code 1 to 1000}, {@code above 0 and at most 10}, {@code at least 0}. */
  @Override
  public String toString() {
    if (min.isPresent() && max.isPresent() && !exclusiveMin && !exclusiveMax) {
      return text(min.get()) + " to " + text(max.get());
    }
    return Stream.of(
            min.map(bound -> (exclusiveMin ? "above " : "at least ") + text(bound)),
            max.map(bound -> (exclusiveMax ? "below " : "at most ") + text(bound)))
        .flatMap(Optional::stream)
        .collect(Collectors.joining(" and "));
  }

  /** A number without exponent and without zeros at the end. */
  static String text(BigDecimal value) {
    return value.stripTrailingZeros().toPlainString();
  }
}
