package org.kindred.proto;

import static com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type.TYPE_ENUM;
import static com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type.TYPE_INT32;
import static com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type.TYPE_MESSAGE;
import static com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type.TYPE_STRING;
import static com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type.TYPE_UINT32;
import static com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type.TYPE_UINT64;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.DescriptorProto.ReservedRange;
import com.google.protobuf.DescriptorProtos.Edition;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto.EnumReservedRange;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FeatureSet;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FieldOptions;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.OneofDescriptorProto;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** On a made-up schema. */
class SchemaChangesTest {
  private static final FileDescriptorSet RELEASED = set(schema());

  private static FileDescriptorProto.Builder schema() {
    return FileDescriptorProto.newBuilder()
        .setName("sample.proto")
        .setPackage("kindred.sample")
        .setSyntax("editions")
        .setEdition(Edition.EDITION_2023)
        .addMessageType(
            DescriptorProto.newBuilder()
                .setName("Image")
                .addField(field("file_name", 1, TYPE_STRING))
                .addField(field("height", 2, TYPE_UINT32))
                .addField(field("kind", 3, TYPE_ENUM).setTypeName(".kindred.sample.Kind"))
                .addField(field("size", 4, TYPE_MESSAGE).setTypeName(".kindred.sample.Size"))
                .addField(field("url", 5, TYPE_STRING).setOneofIndex(0))
                .addField(field("tags", 6, TYPE_STRING).setLabel(Label.LABEL_REPEATED))
                .addOneofDecl(OneofDescriptorProto.newBuilder().setName("place")))
        .addMessageType(DescriptorProto.newBuilder().setName("Size"))
        .addMessageType(DescriptorProto.newBuilder().setName("Other"))
        .addEnumType(
            EnumDescriptorProto.newBuilder()
                .setName("Kind")
                .addValue(value("KIND_UNSPECIFIED", 0))
                .addValue(value("KIND_RAW", 1)));
  }

  private static FieldDescriptorProto.Builder field(
      String name, int number, FieldDescriptorProto.Type type) {
    return FieldDescriptorProto.newBuilder()
        .setName(name)
        .setNumber(number)
        .setType(type)
        .setLabel(Label.LABEL_OPTIONAL);
  }

  private static EnumValueDescriptorProto.Builder value(String name, int number) {
    return EnumValueDescriptorProto.newBuilder().setName(name).setNumber(number);
  }

  private static FileDescriptorSet set(FileDescriptorProto.Builder file) {
    return FileDescriptorSet.newBuilder().addFile(file).build();
  }

  private static List<String> breaking(Consumer<FileDescriptorProto.Builder> change) {
    FileDescriptorProto.Builder later = schema();
    change.accept(later);
    return SchemaChanges.breaking(RELEASED, set(later));
  }

  private static List<String> breakingImage(Consumer<DescriptorProto.Builder> change) {
    return breaking(file -> change.accept(file.getMessageTypeBuilder(0)));
  }

  private static List<String> breakingKind(Consumer<EnumDescriptorProto.Builder> change) {
    return breaking(file -> change.accept(file.getEnumTypeBuilder(0)));
  }

  @Test
  void additionsBreakNothing() {
    assertThat(breaking(file -> {})).isEmpty();
    assertThat(breaking(file -> file.addMessageType(DescriptorProto.newBuilder().setName("New"))))
        .isEmpty();
    assertThat(breakingImage(image -> image.addField(field("width", 7, TYPE_UINT32)))).isEmpty();
    assertThat(breakingKind(kind -> kind.addValue(value("KIND_FILE", 2)))).isEmpty();
  }

  @Test
  void aFieldGoesOnlyWhenNumberAndNameAreReserved() {
    String message =
        "field kindred.sample.Image.height = 2 is gone, but number and name are not reserved";
    ReservedRange number = ReservedRange.newBuilder().setStart(2).setEnd(3).build();
    assertThat(breakingImage(image -> image.removeField(1))).containsExactly(message);
    assertThat(breakingImage(image -> image.removeField(1).addReservedRange(number)))
        .containsExactly(message);
    assertThat(breakingImage(image -> image.removeField(1).addReservedName("height")))
        .containsExactly(message);
    assertThat(
            breakingImage(
                image -> image.removeField(1).addReservedRange(number).addReservedName("height")))
        .isEmpty();
  }

  @Test
  void aFieldKeepsItsNumber() {
    assertThat(breakingImage(image -> image.getFieldBuilder(1).setNumber(9)))
        .singleElement()
        .asString()
        .contains("Image.height = 2 is gone");
  }

  @Test
  void aFieldKeepsItsNames() {
    assertThat(breakingImage(image -> image.getFieldBuilder(0).setName("name")))
        .containsExactly(
            "field kindred.sample.Image.file_name = 1: name was file_name, is name",
            "field kindred.sample.Image.file_name = 1: JSON name was fileName, is name");
    assertThat(breakingImage(image -> image.getFieldBuilder(0).setJsonName("file")))
        .containsExactly(
            "field kindred.sample.Image.file_name = 1: JSON name was fileName, is file");
  }

  @Test
  void aFieldKeepsItsType() {
    assertThat(breakingImage(image -> image.getFieldBuilder(1).setType(TYPE_UINT64)))
        .containsExactly("field kindred.sample.Image.height = 2: type was UINT32, is UINT64");
    assertThat(
            breakingImage(image -> image.getFieldBuilder(3).setTypeName(".kindred.sample.Other")))
        .containsExactly(
            "field kindred.sample.Image.size = 4: type was MESSAGE kindred.sample.Size,"
                + " is MESSAGE kindred.sample.Other");
    assertThat(breakingImage(image -> image.getFieldBuilder(2).setType(TYPE_INT32).clearTypeName()))
        .containsExactly(
            "field kindred.sample.Image.kind = 3: type was ENUM kindred.sample.Kind, is INT32");
  }

  @Test
  void aFieldKeepsItsCardinality() {
    assertThat(breakingImage(image -> image.getFieldBuilder(1).setLabel(Label.LABEL_REPEATED)))
        .contains("field kindred.sample.Image.height = 2: repeated was false, is true");
    assertThat(breakingImage(image -> image.getFieldBuilder(5).setLabel(Label.LABEL_OPTIONAL)))
        .contains("field kindred.sample.Image.tags = 6: repeated was true, is false");
  }

  @Test
  void aFieldKeepsItsPresence() {
    assertThat(breakingImage(image -> image.getFieldBuilder(1).setOptions(implicitPresence())))
        .containsExactly("field kindred.sample.Image.height = 2: presence was true, is false");
  }

  private static FieldOptions implicitPresence() {
    return FieldOptions.newBuilder()
        .setFeatures(FeatureSet.newBuilder().setFieldPresence(FeatureSet.FieldPresence.IMPLICIT))
        .build();
  }

  @Test
  void aFieldKeepsItsOneof() {
    assertThat(
            breakingImage(
                image -> {
                  image.getFieldBuilder(4).clearOneofIndex();
                  image.clearOneofDecl();
                }))
        .containsExactly("field kindred.sample.Image.url = 5: oneof was place, is none");
    assertThat(breakingImage(image -> image.getFieldBuilder(1).setOneofIndex(0)))
        .containsExactly("field kindred.sample.Image.height = 2: oneof was none, is place");
  }

  @Test
  void aTypeKeepsItsName() {
    assertThat(breaking(file -> file.removeMessageType(2)))
        .containsExactly("message kindred.sample.Other is gone");
    assertThat(
            breaking(
                file -> {
                  file.getEnumTypeBuilder(0).setName("Sort");
                  file.getMessageTypeBuilder(0)
                      .getFieldBuilder(2)
                      .setTypeName(".kindred.sample.Sort");
                }))
        .contains("enum kindred.sample.Kind is gone");
  }

  @Test
  void anEnumValueKeepsNumberAndName() {
    String gone =
        "value kindred.sample.Kind.KIND_RAW = 1 is gone, but number and name are not reserved";
    assertThat(breakingKind(kind -> kind.removeValue(1))).containsExactly(gone);
    assertThat(breakingKind(kind -> kind.getValueBuilder(1).setNumber(5))).containsExactly(gone);
    assertThat(breakingKind(kind -> kind.getValueBuilder(1).setName("KIND_RGB")))
        .containsExactly("value kindred.sample.Kind.KIND_RAW = 1 is now KIND_RGB");
    EnumReservedRange number = EnumReservedRange.newBuilder().setStart(1).setEnd(1).build();
    assertThat(
            breakingKind(
                kind -> kind.removeValue(1).addReservedRange(number).addReservedName("KIND_RAW")))
        .isEmpty();
  }
}
