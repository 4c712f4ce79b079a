package org.kindred.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Every element has a comment, and names follow buf's STANDARD rules. */
class SchemaLintTest {
  private final List<String> complaints = new ArrayList<>();
  private final Set<List<Integer>> commented = new HashSet<>();
  private int elements;

  @Test
  void everyElementIsNamedAndCommentedAsItShould() throws IOException {
    List<FileDescriptorProto> files = Schemas.own(Schemas.current());
    files.forEach(this::lint);
    assertThat(complaints).isEmpty();
    assertThat(files).isNotEmpty();
    assertThat(elements).isGreaterThan(100);
  }

  @Test
  void elementsWithoutCommentsAreFound() throws IOException {
    for (FileDescriptorProto file : Schemas.own(Schemas.current())) {
      lint(file.toBuilder().clearSourceCodeInfo().build());
    }
    assertThat(complaints)
        .hasSize(elements)
        .contains("kindred.artifact.v1.DataFile.sha256 has no comment");
  }

  private void lint(FileDescriptorProto file) {
    check(file.getPackage().matches("[a-z.]+\\.v[0-9]+"), "package " + file.getPackage());
    String folder = file.getPackage().replace('.', '/') + "/";
    check(file.getName().matches(folder + "[a-z][a-z0-9_]*\\.proto"), "file " + file.getName());
    commented.clear();
    for (Location location : file.getSourceCodeInfo().getLocationList()) {
      if (!location.getLeadingComments().isBlank()) {
        commented.add(location.getPathList());
      }
    }
    for (int i = 0; i < file.getMessageTypeCount(); i++) {
      lint(
          file.getMessageType(i),
          file.getPackage(),
          List.of(FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER, i));
    }
    for (int i = 0; i < file.getEnumTypeCount(); i++) {
      lint(
          file.getEnumType(i),
          file.getPackage(),
          List.of(FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER, i));
    }
    for (int i = 0; i < file.getExtensionCount(); i++) {
      lint(
          file.getExtension(i),
          file.getPackage(),
          List.of(FileDescriptorProto.EXTENSION_FIELD_NUMBER, i));
    }
  }

  private void lint(DescriptorProto message, String scope, List<Integer> path) {
    String name = scope + "." + message.getName();
    if (message.getOptions().getMapEntry()) {
      return;
    }
    comment(name, path);
    check(message.getName().matches("[A-Z][A-Za-z0-9]*"), "message " + name);
    for (int i = 0; i < message.getFieldCount(); i++) {
      lint(message.getField(i), name, below(path, DescriptorProto.FIELD_FIELD_NUMBER, i));
    }
    for (int i = 0; i < message.getOneofDeclCount(); i++) {
      comment(
          name + "." + message.getOneofDecl(i).getName(),
          below(path, DescriptorProto.ONEOF_DECL_FIELD_NUMBER, i));
    }
    for (int i = 0; i < message.getNestedTypeCount(); i++) {
      lint(
          message.getNestedType(i), name, below(path, DescriptorProto.NESTED_TYPE_FIELD_NUMBER, i));
    }
    for (int i = 0; i < message.getEnumTypeCount(); i++) {
      lint(message.getEnumType(i), name, below(path, DescriptorProto.ENUM_TYPE_FIELD_NUMBER, i));
    }
  }

  private void lint(FieldDescriptorProto field, String scope, List<Integer> path) {
    String name = scope + "." + field.getName();
    comment(name, path);
    check(field.getName().matches("[a-z][a-z0-9]*(_[a-z0-9]+)*"), "field " + name);
  }

  private void lint(EnumDescriptorProto type, String scope, List<Integer> path) {
    String name = scope + "." + type.getName();
    comment(name, path);
    check(type.getName().matches("[A-Z][A-Za-z0-9]*"), "enum " + name);
    String prefix =
        type.getName().replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toUpperCase(Locale.ROOT) + "_";
    check(
        type.getValue(0).getNumber() == 0
            && type.getValue(0).getName().equals(prefix + "UNSPECIFIED"),
        "zero value of enum " + name);
    for (int i = 0; i < type.getValueCount(); i++) {
      String value = type.getValue(i).getName();
      comment(name + "." + value, below(path, EnumDescriptorProto.VALUE_FIELD_NUMBER, i));
      check(value.startsWith(prefix) && value.matches("[A-Z0-9_]+"), "value " + name + "." + value);
    }
  }

  private static List<Integer> below(List<Integer> path, int field, int index) {
    List<Integer> below = new ArrayList<>(path);
    below.add(field);
    below.add(index);
    return List.copyOf(below);
  }

  private void comment(String name, List<Integer> path) {
    elements++;
    check(commented.contains(path), name + " has no comment");
  }

  private void check(boolean holds, String complaint) {
    if (!holds) {
      complaints.add(complaint);
    }
  }
}
