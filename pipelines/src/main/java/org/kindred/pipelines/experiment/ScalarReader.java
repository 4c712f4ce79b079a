package org.kindred.pipelines.experiment;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import org.kindred.pipelines.experiment.YamlNode.Scalar;

/**
 * YAML scalar to the value of a protobuf field that is no message. The number syntax is that of
 * YAML 1.2's JSON-like schema: decimal only, no underscores, no leading zeros.
 */
final class ScalarReader {
  private static final Pattern INTEGER = Pattern.compile("[-+]?(0|[1-9][0-9]*)");
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\.[0-9]+|(0|[1-9][0-9]*)(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
  private static final Pattern SPECIAL = Pattern.compile("[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");

  private ScalarReader() {}

  /**
   * Reads a value in the type that {@link com.google.protobuf.Message.Builder#setField} takes.
   *
   * @throws IllegalArgumentException when it is no valid value; the message says value and valid
   *     range, but not the place
   */
  static Object read(YamlNode node, FieldDescriptor field) {
    if (node.isNull()) {
      throw new IllegalArgumentException("has no value");
    }
    return switch (field.getJavaType()) {
      case INT -> integer(node, field).intValue();
      case LONG -> integer(node, field).longValue();
      case FLOAT -> narrow(node, number(node, field));
      case DOUBLE -> number(node, field);
      case BOOLEAN -> bool(node);
      case STRING -> scalar(node, "text").text();
      case BYTE_STRING -> bytes(node);
      case ENUM -> enumValue(node, field.getEnumType());
      case MESSAGE -> throw new AssertionError(field.getFullName());
    };
  }

  /** Whether a plain scalar spells NaN, infinity or a number beyond the range of a double. */
  static boolean isNotFinite(Scalar scalar) {
    return scalar.plain()
        && finite(scalar).isEmpty()
        && (NUMBER.matcher(scalar.text()).matches() || SPECIAL.matcher(scalar.text()).matches());
  }

  /** The number that a plain scalar spells; empty when it spells none, or none that is finite. */
  static OptionalDouble finite(Scalar scalar) {
    if (!scalar.plain() || !NUMBER.matcher(scalar.text()).matches()) {
      return OptionalDouble.empty();
    }
    double value = Double.parseDouble(scalar.text());
    return Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty();
  }

  /**
   * The values of an enum under the names that configurations use, the unspecified one excepted.
   */
  static Map<String, EnumValueDescriptor> valuesByName(EnumDescriptor type) {
    String prefix =
        type.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT) + "_";
    Map<String, EnumValueDescriptor> values = new LinkedHashMap<>();
    for (EnumValueDescriptor value : type.getValues()) {
      String name = value.getName();
      if (value.getNumber() != 0 || !name.endsWith("UNSPECIFIED")) {
        String rest = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
        values.put(rest.toLowerCase(Locale.ROOT), value);
      }
    }
    return values;
  }

  private static BigInteger integer(YamlNode node, FieldDescriptor field) {
    Scalar scalar = scalar(node, "a whole number");
    if (!scalar.plain() || !INTEGER.matcher(scalar.text()).matches()) {
      throw isNot(node, "a whole number");
    }
    BigInteger value = new BigInteger(scalar.text());
    checkRange(scalar, new BigDecimal(value), Interval.declaredBy(field));
    checkRange(scalar, new BigDecimal(value), Interval.ofType(field));
    return value;
  }

  private static double number(YamlNode node, FieldDescriptor field) {
    Scalar scalar = scalar(node, "a finite number");
    double value = finite(scalar).orElseThrow(() -> isNot(node, "a finite number"));
    checkRange(scalar, BigDecimal.valueOf(value), Interval.declaredBy(field));
    return value;
  }

  private static float narrow(YamlNode node, double value) {
    float narrowed = (float) value;
    if (Float.isInfinite(narrowed) || (narrowed == 0 && value != 0)) {
      throw isNot(node, "a 32-bit floating-point number");
    }
    return narrowed;
  }

  private static void checkRange(Scalar scalar, BigDecimal value, Interval valid) {
    if (!valid.contains(value)) {
      throw new IllegalArgumentException(scalar.describe() + " is out of range, valid is " + valid);
    }
  }

  private static boolean bool(YamlNode node) {
    Scalar scalar = scalar(node, "true or false");
    if (!scalar.plain() || !(scalar.text().equals("true") || scalar.text().equals("false"))) {
      throw isNot(node, "true or false");
    }
    return scalar.text().equals("true");
  }

  private static ByteString bytes(YamlNode node) {
    try {
      return ByteString.copyFrom(Base64.getDecoder().decode(scalar(node, "base64 text").text()));
    } catch (IllegalArgumentException e) {
      throw isNot(node, "base64 text");
    }
  }

  private static EnumValueDescriptor enumValue(YamlNode node, EnumDescriptor type) {
    String text = scalar(node, "text").text();
    Map<String, EnumValueDescriptor> values = valuesByName(type);
    EnumValueDescriptor byFullName = type.findValueByName(text);
    if (values.containsValue(byFullName)) {
      return byFullName;
    }
    EnumValueDescriptor value = values.get(text);
    if (value == null) {
      throw new IllegalArgumentException(
          node.describe() + " is not valid" + Suggestion.of(text, values.keySet()));
    }
    return value;
  }

  private static Scalar scalar(YamlNode node, String wanted) {
    if (node instanceof Scalar scalar) {
      return scalar;
    }
    throw isNot(node, wanted);
  }

  private static IllegalArgumentException isNot(YamlNode node, String wanted) {
    return new IllegalArgumentException(node.describe() + " is not " + wanted);
  }
}
