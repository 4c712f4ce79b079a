package org.kindred.models.tensorflow;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.Pointer;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.buffer.DataStorageVisitor;

/**
 * The native memory of a tensor as a {@code java.nio} buffer, without a copy.
 *
 * <p>A buffer must not be touched after its tensor is closed.
 */
public final class TensorMemory {

  private TensorMemory() {}

  /** Returns the memory of {@code tensor}, in native byte order. */
  public static ByteBuffer bytes(Tensor tensor) {
    long bytes = tensor.numBytes();
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "the tensor of shape "
              + tensor.shape()
              + " has "
              + bytes
              + " bytes, valid is at most "
              + Integer.MAX_VALUE);
    }
    if (bytes == 0) {
      return ByteBuffer.allocateDirect(0).order(ByteOrder.nativeOrder());
    }
    return tensor
        .asRawTensor()
        .data()
        .accept(
            new DataStorageVisitor<ByteBuffer>() {
              @Override
              public ByteBuffer visit(ByteBuffer buffer) {
                return buffer.duplicate();
              }

              @Override
              public ByteBuffer visit(long address, long length, long scale) {
                return new Address(address, bytes).asByteBuffer();
              }

              @Override
              public ByteBuffer fallback() {
                throw new IllegalStateException("a tensor's memory is neither direct nor native");
              }
            })
        .order(ByteOrder.nativeOrder());
  }

  /** Returns the memory of {@code tensor}, which must hold 32-bit floating point. */
  public static FloatBuffer floats(Tensor tensor) {
    return bytes(tensor).asFloatBuffer();
  }

  /** Returns the memory of {@code tensor}, which must hold 32-bit whole numbers. */
  public static IntBuffer ints(Tensor tensor) {
    return bytes(tensor).asIntBuffer();
  }

  /** Memory that somebody else owns. */
  private static final class Address extends Pointer {
    Address(long address, long bytes) {
      this.address = address;
      this.limit = bytes;
      this.capacity = bytes;
    }

    @Override
    public int sizeof() {
      return 1;
    }
  }
}
