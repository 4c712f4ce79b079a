package org.kindred.proto;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Finds the changes from a released schema to a later one that break readers or writers of the
 * released one, on the wire or in JSON. New messages, fields and enum values break nothing. A field
 * or enum value may go when both its number and its name are reserved.
 */
final class SchemaChanges {
  private final Map<String, Descriptor> messages = new TreeMap<>();
  private final Map<String, EnumDescriptor> enums = new TreeMap<>();
  private final Map<String, FieldDescriptor> extensions = new TreeMap<>();
  private final List<String> breaking = new ArrayList<>();

  private SchemaChanges(FileDescriptorSet later) {
    for (FileDescriptor file : link(later)) {
      file.getMessageTypes().forEach(this::index);
      file.getEnumTypes().forEach(type -> enums.put(type.getFullName(), type));
      file.getExtensions().forEach(field -> extensions.put(field.getFullName(), field));
    }
  }

  private void index(Descriptor message) {
    messages.put(message.getFullName(), message);
    message.getNestedTypes().forEach(this::index);
    message.getEnumTypes().forEach(type -> enums.put(type.getFullName(), type));
  }

  /** Returns one line for each breaking change. */
  static List<String> breaking(FileDescriptorSet released, FileDescriptorSet later) {
    SchemaChanges changes = new SchemaChanges(later);
    for (FileDescriptor file : link(released)) {
      file.getMessageTypes().forEach(changes::compareMessage);
      file.getEnumTypes().forEach(changes::compareEnum);
      file.getExtensions().forEach(changes::compareExtension);
    }
    return changes.breaking;
  }

  /** Returns Kindred's own files of a set in which every file comes after those that it imports. */
  private static List<FileDescriptor> link(FileDescriptorSet set) {
    Map<String, FileDescriptor> linked = new LinkedHashMap<>();
    for (FileDescriptorProto file : set.getFileList()) {
      FileDescriptor[] imports =
          file.getDependencyList().stream().map(linked::get).toArray(FileDescriptor[]::new);
      try {
        linked.put(file.getName(), FileDescriptor.buildFrom(file, imports));
      } catch (DescriptorValidationException e) {
        throw new IllegalArgumentException("not a valid schema: " + file.getName(), e);
      }
    }
    return linked.values().stream()
        .filter(file -> file.getPackage().startsWith("kindred."))
        .toList();
  }

  private void compareMessage(Descriptor old) {
    Descriptor now = messages.get(old.getFullName());
    if (now == null) {
      breaking.add("message %s is gone".formatted(old.getFullName()));
      return;
    }
    for (FieldDescriptor field : old.getFields()) {
      FieldDescriptor other = now.findFieldByNumber(field.getNumber());
      if (other != null) {
        compareField(field, other);
      } else if (!now.isReservedNumber(field.getNumber()) || !now.isReservedName(field.getName())) {
        breaking.add(
            "field %s = %d is gone, but number and name are not reserved"
                .formatted(field.getFullName(), field.getNumber()));
      }
    }
    old.getNestedTypes().forEach(this::compareMessage);
    old.getEnumTypes().forEach(this::compareEnum);
  }

  private void compareExtension(FieldDescriptor old) {
    FieldDescriptor now = extensions.get(old.getFullName());
    if (now == null) {
      breaking.add("extension %s is gone".formatted(old.getFullName()));
      return;
    }
    compareField(old, now);
    compare("number", old, now, FieldDescriptor::getNumber);
    compare("message", old, now, field -> field.getContainingType().getFullName());
  }

  private void compareField(FieldDescriptor old, FieldDescriptor now) {
    compare("name", old, now, FieldDescriptor::getName);
    compare("JSON name", old, now, FieldDescriptor::getJsonName);
    compare("type", old, now, SchemaChanges::type);
    compare("repeated", old, now, FieldDescriptor::isRepeated);
    compare("required", old, now, FieldDescriptor::isRequired);
    compare("presence", old, now, FieldDescriptor::hasPresence);
    compare("oneof", old, now, SchemaChanges::oneof);
  }

  private void compare(
      String what,
      FieldDescriptor old,
      FieldDescriptor now,
      Function<FieldDescriptor, Object> property) {
    if (!Objects.equals(property.apply(old), property.apply(now))) {
      breaking.add(
          "field %s = %d: %s was %s, is %s"
              .formatted(
                  old.getFullName(),
                  old.getNumber(),
                  what,
                  property.apply(old),
                  property.apply(now)));
    }
  }

  private static String type(FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case MESSAGE -> field.getType() + " " + field.getMessageType().getFullName();
      case ENUM -> field.getType() + " " + field.getEnumType().getFullName();
      default -> field.getType().toString();
    };
  }

  private static String oneof(FieldDescriptor field) {
    return field.getRealContainingOneof() == null
        ? "none"
        : field.getRealContainingOneof().getName();
  }

  private void compareEnum(EnumDescriptor old) {
    EnumDescriptor now = enums.get(old.getFullName());
    if (now == null) {
      breaking.add("enum %s is gone".formatted(old.getFullName()));
      return;
    }
    if (old.isClosed() != now.isClosed()) {
      breaking.add(
          "enum %s was %s".formatted(old.getFullName(), now.isClosed() ? "open" : "closed"));
    }
    for (EnumValueDescriptor value : old.getValues()) {
      EnumValueDescriptor other = now.findValueByNumber(value.getNumber());
      if (other == null) {
        if (!now.isReservedNumber(value.getNumber()) || !now.isReservedName(value.getName())) {
          breaking.add(
              "value %s = %d is gone, but number and name are not reserved"
                  .formatted(value.getFullName(), value.getNumber()));
        }
      } else if (!other.getName().equals(value.getName())) {
        breaking.add(
            "value %s = %d is now %s"
                .formatted(value.getFullName(), value.getNumber(), other.getName()));
      }
    }
  }
}
