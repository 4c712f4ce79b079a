package org.kindred.pipelines.experiment;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.ListValue;
import com.google.protobuf.Message;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import org.kindred.pipelines.experiment.YamlNode.Entry;
import org.kindred.pipelines.experiment.YamlNode.Mapping;
import org.kindred.pipelines.experiment.YamlNode.Scalar;
import org.kindred.pipelines.experiment.YamlNode.Sequence;
import org.kindred.proto.artifact.v1.Options;

/**
 * YAML tree to protobuf message, strictly: known fields only, right types, valid ranges, required
 * fields set and not empty. It knows messages by their descriptors alone.
 *
 * <p>A message that is written without a value ({@code grayscale:}) is one with no field set. A
 * {@link Struct} takes any mapping.
 */
final class MessageReader {
  private static final Pattern URI = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*");

  private final Problems problems;
  private final Path folder;

  /**
   * Makes a reader.
   *
   * @param folder what relative paths in a file are relative to; those in overrides are to the
   *     working directory
   */
  MessageReader(Problems problems, Path folder) {
    this.problems = problems;
    this.folder = folder;
  }

  /**
   * Reads a message of the same type as {@code type}. What is wrong is added to the problems and
   * left out of the message, so that the result counts only when there are none.
   *
   * @param path what stands before the field's path in messages, such as a step's id; may be empty
   */
  Message read(YamlNode node, Message type, String path) {
    Message.Builder builder = type.newBuilderForType();
    readInto(builder, node, path);
    return builder.buildPartial();
  }

  /** The names by which the fields of a message may be set. */
  static List<String> names(Collection<FieldDescriptor> fields) {
    return fields.stream().map(FieldDescriptor::getName).toList();
  }

  /** Whether a configuration must set the field. */
  static boolean isRequired(FieldDescriptor field) {
    return field.isRequired() || field.getOptions().getExtension(Options.required);
  }

  private void readInto(Message.Builder builder, YamlNode node, String path) {
    Mapping mapping = node.isNull() ? new Mapping(node.at(), Map.of()) : mapping(node, path);
    if (mapping == null) {
      return;
    }
    if (builder instanceof Struct.Builder struct) {
      struct.mergeFrom(freeForm(mapping, path));
      return;
    }
    Descriptor type = builder.getDescriptorForType();
    Map<OneofDescriptor, String> chosen = new HashMap<>();
    for (Map.Entry<String, Entry> named : mapping.entries().entrySet()) {
      readEntry(builder, named.getKey(), named.getValue(), path, chosen);
    }
    for (FieldDescriptor field : type.getFields()) {
      if (isRequired(field) && mapping.get(field.getName()) == null) {
        problems.add(mapping.at(), join(path, field.getName()), "is required");
      }
    }
  }

  private void readEntry(
      Message.Builder builder,
      String name,
      Entry entry,
      String parent,
      Map<OneofDescriptor, String> chosen) {
    Descriptor type = builder.getDescriptorForType();
    FieldDescriptor field = type.findFieldByName(name);
    String path = join(parent, name);
    if (field == null) {
      String valid = Suggestion.of(name, names(type.getFields()));
      problems.add(entry.nameAt(), path, "unknown field" + valid);
      return;
    }
    OneofDescriptor oneof = field.getRealContainingOneof();
    String other = oneof == null ? null : chosen.putIfAbsent(oneof, name);
    if (other != null) {
      String members = String.join(", ", names(oneof.getFields()));
      problems.add(
          entry.nameAt(), path, other + " is set already, only one may be set of: " + members);
    } else if (isRequired(field) && entry.value().isEmpty()) {
      problems.add(entry.value().at(), path, "must not be empty" + fieldsOf(field));
    } else {
      readField(builder, field, entry.value(), path);
    }
  }

  private static String fieldsOf(FieldDescriptor field) {
    boolean message = field.getJavaType() == JavaType.MESSAGE && !field.isRepeated();
    return message
        ? "; valid: " + String.join(", ", names(field.getMessageType().getFields()))
        : "";
  }

  private void readField(
      Message.Builder builder, FieldDescriptor field, YamlNode node, String path) {
    if (field.isMapField()) {
      readMap(builder, field, node, path);
    } else if (field.isRepeated()) {
      readList(builder, field, node, path);
    } else {
      Object value = value(builder, field, node, path);
      if (value != null) {
        builder.setField(field, value);
      }
    }
  }

  private void readList(
      Message.Builder builder, FieldDescriptor field, YamlNode node, String path) {
    if (!(node instanceof Sequence sequence)) {
      problems.add(node.at(), path, isNot(node, "a list"));
      return;
    }
    checkCount(field, sequence.items().size(), node, path);
    for (int i = 0; i < sequence.items().size(); i++) {
      Object value = value(builder, field, sequence.items().get(i), path + "[" + i + "]");
      if (value != null) {
        builder.addRepeatedField(field, value);
      }
    }
  }

  private void readMap(Message.Builder builder, FieldDescriptor field, YamlNode node, String path) {
    Mapping mapping = mapping(node, path);
    if (mapping == null) {
      return;
    }
    checkCount(field, mapping.entries().size(), node, path);
    FieldDescriptor keyField = field.getMessageType().findFieldByNumber(1);
    FieldDescriptor valueField = field.getMessageType().findFieldByNumber(2);
    mapping
        .entries()
        .forEach(
            (name, entry) -> {
              Message.Builder pair = builder.newBuilderForField(field);
              String at = join(path, name);
              Object key = value(pair, keyField, new Scalar(entry.nameAt(), name, true), at);
              Object value = value(pair, valueField, entry.value(), at);
              if (key != null && value != null) {
                pair.setField(keyField, key).setField(valueField, value);
                builder.addRepeatedField(field, pair.build());
              }
            });
  }

  /** A range on a field of many that are not numbers limits how many they are. */
  private void checkCount(FieldDescriptor field, int count, YamlNode node, String path) {
    boolean numbers =
        switch (field.getJavaType()) {
          case INT, LONG, FLOAT, DOUBLE -> true;
          default -> false;
        };
    Interval valid = Interval.declaredBy(field);
    if (!numbers && !valid.contains(BigDecimal.valueOf(count))) {
      problems.add(node.at(), path, count + " elements are out of range, valid is " + valid);
    }
  }

  /** The value of a field or of one of its elements; null after a problem. */
  private Object value(Message.Builder parent, FieldDescriptor field, YamlNode node, String path) {
    if (field.getJavaType() == JavaType.MESSAGE) {
      Message.Builder builder = parent.newBuilderForField(field);
      readInto(builder, node, path);
      return builder.buildPartial();
    }
    try {
      Object value = ScalarReader.read(node, field);
      return field.getOptions().getExtension(Options.path)
          ? absolute((String) value, node.at())
          : value;
    } catch (IllegalArgumentException e) {
      problems.add(node.at(), path, e.getMessage());
      return null;
    }
  }

  private String absolute(String path, Location at) {
    if (path.isEmpty() || URI.matcher(path).matches()) {
      return path;
    }
    Path start = at.line() == 0 ? Path.of("") : folder;
    return start.resolve(path).toAbsolutePath().normalize().toString();
  }

  /** The node as a mapping; null after a problem. */
  private Mapping mapping(YamlNode node, String path) {
    if (node instanceof Mapping mapping) {
      return mapping;
    }
    problems.add(node.at(), path, isNot(node, "a mapping"));
    return null;
  }

  private static String isNot(YamlNode node, String wanted) {
    return node.isNull() ? "has no value" : node.describe() + " is not " + wanted;
  }

  private Struct freeForm(Mapping mapping, String path) {
    Struct.Builder struct = Struct.newBuilder();
    mapping
        .entries()
        .forEach(
            (name, entry) -> struct.putFields(name, freeForm(entry.value(), join(path, name))));
    return struct.build();
  }

  private Value freeForm(YamlNode node, String path) {
    Value.Builder value = Value.newBuilder();
    if (node instanceof Mapping mapping) {
      return value.setStructValue(freeForm(mapping, path)).build();
    }
    if (node instanceof Sequence sequence) {
      List<Value> items = new ArrayList<>();
      for (YamlNode item : sequence.items()) {
        items.add(freeForm(item, path + "[" + items.size() + "]"));
      }
      return value.setListValue(ListValue.newBuilder().addAllValues(items)).build();
    }
    Scalar scalar = (Scalar) node;
    OptionalDouble number = ScalarReader.finite(scalar);
    if (scalar.isNull()) {
      value.setNullValue(NullValue.NULL_VALUE);
    } else if (number.isPresent()) {
      value.setNumberValue(number.getAsDouble());
    } else if (ScalarReader.isNotFinite(scalar)) {
      problems.add(node.at(), path, isNot(node, "a finite number"));
    } else if (scalar.plain() && (scalar.text().equals("true") || scalar.text().equals("false"))) {
      value.setBoolValue(scalar.text().equals("true"));
    } else {
      value.setStringValue(scalar.text());
    }
    return value.build();
  }

  private static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }
}
