package org.kindred.pipelines.experiment;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.ExtensionRegistry;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import org.kindred.proto.artifact.v1.Options;

/** A configuration message such as a foreign jar may have: kinds of field no built-in one uses. */
final class ForeignMessages {
  private static final String FILE =
      """
      name: 'foreign.proto' syntax: 'proto2'
      message_type {
        name: 'Odd'
        field { name: 'i32' number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
        field { name: 'i64' number: 2 type: TYPE_SINT64 label: LABEL_OPTIONAL }
        field { name: 'u32' number: 3 type: TYPE_FIXED32 label: LABEL_OPTIONAL }
        field { name: 'u64' number: 4 type: TYPE_UINT64 label: LABEL_OPTIONAL }
        field { name: 'f32' number: 5 type: TYPE_FLOAT label: LABEL_OPTIONAL }
        field { name: 'raw' number: 6 type: TYPE_BYTES label: LABEL_OPTIONAL }
        field {
          name: 'sizes' number: 7 type: TYPE_UINT32 label: LABEL_REPEATED
          options { [kindred.artifact.v1.range] { min: 1 max: 9 } }
        }
        field {
          name: 'tags' number: 8 type: TYPE_STRING label: LABEL_REPEATED
          options { [kindred.artifact.v1.range] { min: 1 max: 2 } }
        }
        field {
          name: 'weights' number: 9 type_name: 'Odd.WeightsEntry' label: LABEL_REPEATED
          options { [kindred.artifact.v1.range] { max: 2 } }
        }
        field { name: 'inner' number: 10 type_name: 'Odd' label: LABEL_OPTIONAL }
        field { name: 'must' number: 11 type: TYPE_STRING label: LABEL_REQUIRED }
        field { name: 'mode' number: 12 type_name: 'RunMode' label: LABEL_OPTIONAL }
        field { name: 'leaves' number: 13 type_name: 'Odd.LeavesEntry' label: LABEL_REPEATED }
        field { name: 'leaf' number: 14 type_name: 'Leaf' label: LABEL_OPTIONAL }
        nested_type {
          name: 'WeightsEntry' options { map_entry: true }
          field { name: 'key' number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
          field { name: 'value' number: 2 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
        }
        nested_type {
          name: 'LeavesEntry' options { map_entry: true }
          field { name: 'key' number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
          field { name: 'value' number: 2 type_name: 'Leaf' label: LABEL_OPTIONAL }
        }
      }
      message_type {
        name: 'Leaf'
        field { name: 'n' number: 1 type: TYPE_UINT32 label: LABEL_OPTIONAL default_value: '5' }
        field { name: 'on' number: 2 type: TYPE_BOOL label: LABEL_OPTIONAL default_value: 'true' }
      }
      message_type {
        name: 'Endless'
        field { name: 'next' number: 1 type_name: 'Endless' label: LABEL_OPTIONAL }
        field { name: 'n' number: 2 type: TYPE_UINT32 label: LABEL_OPTIONAL default_value: '5' }
      }
      enum_type {
        name: 'RunMode'
        value { name: 'OFF' number: 0 }
        value { name: 'RUN_MODE_FAST' number: 1 }
      }
      """;

  static final Message ODD;
  static final Message ENDLESS;

  static {
    try {
      ExtensionRegistry options = ExtensionRegistry.newInstance();
      options.add(Options.range);
      FileDescriptorProto.Builder proto = FileDescriptorProto.newBuilder();
      TextFormat.merge(FILE, options, proto);
      FileDescriptor file = FileDescriptor.buildFrom(proto.build(), new FileDescriptor[0]);
      ODD = DynamicMessage.getDefaultInstance(file.findMessageTypeByName("Odd"));
      ENDLESS = DynamicMessage.getDefaultInstance(file.findMessageTypeByName("Endless"));
    } catch (TextFormat.ParseException | DescriptorValidationException e) {
      throw new AssertionError(e);
    }
  }

  private ForeignMessages() {}
}
