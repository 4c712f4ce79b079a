package org.kindred.pipelines.experiment;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import java.util.HashSet;
import java.util.Set;

/**
 * Writes declared defaults out, so that leaving a field out and writing its default give the same
 * message, and a stored configuration keeps its meaning when a default changes.
 */
public final class Defaults {
  private Defaults() {}

  /**
   * Fills in, at every depth, what is not set:
   *
   * <ul>
   *   <li>a scalar field with a declared default gets it; one without stays unset, for there unset
   *       is a value of its own;
   *   <li>a message field gets its resolved default instance when that leaves nothing open: none of
   *       its fields, at any depth, is required, repeated or without a declared default;
   *   <li>members of a {@code oneof} stay unset; a member that is set is resolved inside;
   *   <li>elements of repeated and map fields are resolved inside.
   * </ul>
   *
   * @return the message with defaults; resolving it again changes nothing
   */
  public static Message resolve(Message message) {
    Message.Builder builder = message.toBuilder();
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.isRepeated()) {
        resolveElements(builder, field);
      } else if (field.getJavaType() == JavaType.MESSAGE) {
        if (message.hasField(field) || fillsIn(field, new HashSet<>())) {
          builder.setField(field, resolve((Message) message.getField(field)));
        }
      } else if (!message.hasField(field) && fillsIn(field, Set.of())) {
        builder.setField(field, field.getDefaultValue());
      }
    }
    return builder.buildPartial();
  }

  private static void resolveElements(Message.Builder builder, FieldDescriptor field) {
    if (field.getJavaType() != JavaType.MESSAGE) {
      return;
    }
    for (int i = 0; i < builder.getRepeatedFieldCount(field); i++) {
      builder.setRepeatedField(field, i, resolve((Message) builder.getRepeatedField(field, i)));
    }
  }

  /**
   * Whether the field has a default that leaves nothing open.
   *
   * @param above types that the field stands in; a type inside itself has no such default
   */
  private static boolean fillsIn(FieldDescriptor field, Set<Descriptor> above) {
    if (field.isRepeated()
        || MessageReader.isRequired(field)
        || field.getRealContainingOneof() != null) {
      return false;
    }
    if (field.getJavaType() != JavaType.MESSAGE) {
      return field.hasDefaultValue();
    }
    Set<Descriptor> types = new HashSet<>(above);
    return types.add(field.getMessageType())
        && field.getMessageType().getFields().stream()
            .allMatch(inner -> inner.getRealContainingOneof() != null || fillsIn(inner, types));
  }
}
