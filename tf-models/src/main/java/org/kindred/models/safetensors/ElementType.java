package org.kindred.models.safetensors;

import java.util.Arrays;
import java.util.Optional;

/** How a safetensors file stores an element. */
enum ElementType {
  FLOAT32("F32", 4),
  INT32("I32", 4),
  FLOAT16("F16", 2),
  BFLOAT16("BF16", 2),
  INT64("I64", 8);

  private final String dtype;
  private final int bytes;

  ElementType(String dtype, int bytes) {
    this.dtype = dtype;
    this.bytes = bytes;
  }

  /** Returns how a tensor's elements are stored. */
  static ElementType of(NamedTensor.Type type) {
    return switch (type) {
      case FLOAT32 -> FLOAT32;
      case INT32 -> INT32;
    };
  }

  /** Returns the type that a header calls so. */
  static Optional<ElementType> named(String dtype) {
    return Arrays.stream(values()).filter(type -> type.dtype.equals(dtype)).findFirst();
  }

  /** Returns the name in a header. */
  String dtype() {
    return dtype;
  }

  /** Returns the bytes of an element. */
  int bytes() {
    return bytes;
  }
}
