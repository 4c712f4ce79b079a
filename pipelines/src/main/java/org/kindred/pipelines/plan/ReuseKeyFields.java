package org.kindred.pipelines.plan;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import org.kindred.proto.artifact.v1.Options;

/** The fields of a configuration that have a part in what a stage makes; the others say so. */
final class ReuseKeyFields {
  private ReuseKeyFields() {}

  /** Returns a configuration without the others, at any depth but in map fields. */
  static Message of(Message config) {
    Message.Builder kept = config.toBuilder();
    for (FieldDescriptor field : config.getDescriptorForType().getFields()) {
      if (isOutside(field)) {
        kept.clearField(field);
      } else if (field.getJavaType() == JavaType.MESSAGE && !field.isMapField()) {
        if (field.isRepeated()) {
          for (int i = 0; i < config.getRepeatedFieldCount(field); i++) {
            kept.setRepeatedField(field, i, of((Message) config.getRepeatedField(field, i)));
          }
        } else if (config.hasField(field)) {
          kept.setField(field, of((Message) config.getField(field)));
        }
      }
    }
    return kept.buildPartial();
  }

  /**
   * Returns whether a field has a part.
   *
   * @param type the configuration's
   * @param path such as {@code views.size} or {@code recipe.operations[2].probability}; one that
   *     the type does not know has a part
   */
  static boolean has(Descriptor type, String path) {
    Descriptor message = type;
    for (String name : path.replaceAll("\\[\\d+]", "").split("\\.", -1)) {
      FieldDescriptor field = message.findFieldByName(name);
      if (field == null) {
        return true;
      }
      if (isOutside(field)) {
        return false;
      }
      if (field.getJavaType() != JavaType.MESSAGE) {
        return true;
      }
      message = field.getMessageType();
    }
    return true;
  }

  private static boolean isOutside(FieldDescriptor field) {
    return field.getOptions().getExtension(Options.outsideReuseKey);
  }
}
