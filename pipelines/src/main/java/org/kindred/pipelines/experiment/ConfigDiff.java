package org.kindred.pipelines.experiment;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What differs between two configurations, so that a plan can say why a step must run again. */
public final class ConfigDiff {
  private static final String UNSET = "(unset)";

  private ConfigDiff() {}

  /**
   * One difference.
   *
   * @param path field, such as {@code views.size} or {@code recipe.operations[2].probability}
   * @param before earlier value as text; {@code (unset)} when there was none
   * @param after present value as text; {@code (unset)} when there is none
   */
  public record Change(String path, String before, String after) {
    /** Such as {@code k: 10 -> 7}. */
    @Override
    public String toString() {
      return path + ": " + before + " -> " + after;
    }
  }

  /** The leaves whose values differ, ordered by path; empty when the two are equal. */
  public static List<Change> between(Struct before, Struct after) {
    SortedMap<String, String> old = leaves(before);
    SortedMap<String, String> now = leaves(after);
    TreeSet<String> paths = new TreeSet<>(old.keySet());
    paths.addAll(now.keySet());
    return paths.stream()
        .filter(path -> !Objects.equals(old.get(path), now.get(path)))
        .map(path -> new Change(path, old.getOrDefault(path, UNSET), now.getOrDefault(path, UNSET)))
        .toList();
  }

  private static SortedMap<String, String> leaves(Struct struct) {
    SortedMap<String, String> leaves = new TreeMap<>();
    addFields(struct, "", leaves);
    return leaves;
  }

  private static void addFields(Struct struct, String prefix, Map<String, String> leaves) {
    struct.getFieldsMap().forEach((name, value) -> add(value, prefix + name, leaves));
  }

  private static void add(Value value, String path, Map<String, String> leaves) {
    if (value.hasStructValue() && value.getStructValue().getFieldsCount() > 0) {
      addFields(value.getStructValue(), path + ".", leaves);
    } else if (value.hasListValue() && !isFlat(value.getListValue())) {
      for (int i = 0; i < value.getListValue().getValuesCount(); i++) {
        add(value.getListValue().getValues(i), path + "[" + i + "]", leaves);
      }
    } else {
      leaves.put(path, text(value));
    }
  }

  private static boolean isFlat(ListValue list) {
    return list.getValuesList().stream()
        .noneMatch(value -> value.hasStructValue() || value.hasListValue());
  }

  private static String text(Value leaf) {
    return switch (leaf.getKindCase()) {
      case NUMBER_VALUE -> Interval.text(BigDecimal.valueOf(leaf.getNumberValue()));
      case STRING_VALUE ->
          leaf.getStringValue().isBlank()
              ? '"' + leaf.getStringValue() + '"'
              : leaf.getStringValue();
      case BOOL_VALUE -> String.valueOf(leaf.getBoolValue());
      case LIST_VALUE ->
          leaf.getListValue().getValuesList().stream()
              .map(ConfigDiff::text)
              .collect(Collectors.joining(", ", "[", "]"));
      case STRUCT_VALUE -> "{}";
      case NULL_VALUE, KIND_NOT_SET -> "null";
    };
  }
}
