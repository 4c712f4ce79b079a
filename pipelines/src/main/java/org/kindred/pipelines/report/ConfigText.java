package org.kindred.pipelines.report;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.util.Map;
import java.util.TreeMap;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** A configuration as YAML, fields sorted by name: a stored one has lost their order. */
final class ConfigText {
  private ConfigText() {}

  static String of(Struct config) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    return new Yaml(options).dump(plain(config));
  }

  private static Map<String, Object> plain(Struct struct) {
    Map<String, Object> fields = new TreeMap<>();
    struct.getFieldsMap().forEach((name, value) -> fields.put(name, plain(value)));
    return fields;
  }

  private static Object plain(Value value) {
    return switch (value.getKindCase()) {
      case BOOL_VALUE -> value.getBoolValue();
      case NUMBER_VALUE -> number(value.getNumberValue());
      case STRING_VALUE -> value.getStringValue();
      case LIST_VALUE ->
          value.getListValue().getValuesList().stream().map(ConfigText::plain).toList();
      case STRUCT_VALUE -> plain(value.getStructValue());
      case NULL_VALUE, KIND_NOT_SET -> "null";
    };
  }

  /** A Struct knows no integers, but a reader expects {@code 3}, not {@code 3.0}. */
  private static Object number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15 ? (Object) (long) value : value;
  }
}
