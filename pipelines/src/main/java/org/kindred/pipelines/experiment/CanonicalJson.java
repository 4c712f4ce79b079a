package org.kindred.pipelines.experiment;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;

/** Configurations as protobuf JSON: as text that equal messages share, and as manifests hold it. */
public final class CanonicalJson {
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer()
          .preservingProtoFieldNames()
          .omittingInsignificantWhitespace()
          .sortingMapKeys();

  private CanonicalJson() {}

  /**
   * One line of JSON: the fields that are set, in order of field number, under their names in the
   * {@code .proto} file, without spaces; map keys sorted, enum values by full name, 64-bit integers
   * as text. Equal messages give equal text.
   */
  public static String of(Message message) {
    try {
      return PRINTER.print(message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(
          message.getDescriptorForType().getFullName() + " has no JSON: " + e.getMessage(), e);
    }
  }

  /** The JSON of {@link #of} as a {@link Struct}, the form in which manifests hold it. */
  public static Struct toStruct(Message message) {
    Struct.Builder struct = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(of(message), struct);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("protobuf does not read its own JSON", e);
    }
    return struct.build();
  }
}
