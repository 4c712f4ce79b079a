package org.kindred.stages.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.imageio.ImageReader;

/**
 * A PNG whose header has been read. The runtime's decoder does not compare check sums, so that this
 * class does.
 */
final class PngFile {

  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  /** Length, type and check sum of a chunk. */
  private static final int CHUNK_OVERHEAD = 12;

  private static final int HEADER_LENGTH = 13;

  private final byte[] encoded;
  private final ByteBuffer bytes;

  private PngFile(byte[] encoded) {
    this.encoded = encoded;
    bytes = ByteBuffer.wrap(encoded);
  }

  static boolean isPng(byte[] bytes) {
    return bytes.length >= SIGNATURE.length
        && Arrays.equals(bytes, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
  }

  /** Reads the header; {@link #isPng} must hold. */
  static PngFile parse(byte[] encoded) throws ImageRejectedException {
    PngFile file = new PngFile(encoded);
    file.requireChunk(SIGNATURE.length);
    if (!file.typeAt(SIGNATURE.length).equals("IHDR")
        || file.bytes.getInt(SIGNATURE.length) != HEADER_LENGTH) {
      throw new ImageRejectedException("the PNG is damaged: it does not begin with a header");
    }
    return file;
  }

  /** Returns the declared width, up to 2^32 - 1 in a hostile file. */
  long width() {
    return Integer.toUnsignedLong(bytes.getInt(SIGNATURE.length + 8));
  }

  /** Returns the declared height, up to 2^32 - 1 in a hostile file. */
  long height() {
    return Integer.toUnsignedLong(bytes.getInt(SIGNATURE.length + 12));
  }

  RgbImage decode() throws ImageRejectedException {
    requireWhole();
    try {
      ImageReader reader = RuntimeReader.open("png", encoded);
      try {
        return RasterPixels.fromColors(reader.read(0));
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      // The runtime's reader reports some damage by unchecked exceptions.
      throw new ImageRejectedException("the PNG cannot be decoded: " + e.getMessage(), e);
    }
  }

  /** Walks all chunks up to the last and compares their check sums. */
  private void requireWhole() throws ImageRejectedException {
    int at = SIGNATURE.length;
    String type;
    do {
      requireChunk(at);
      type = typeAt(at);
      int length = bytes.getInt(at);
      CRC32 sum = new CRC32();
      sum.update(encoded, at + 4, 4 + length);
      if ((int) sum.getValue() != bytes.getInt(at + 8 + length)) {
        throw new ImageRejectedException(
            "the PNG is damaged: wrong check sum of the chunk " + type + " at byte " + at);
      }
      at += CHUNK_OVERHEAD + length;
    } while (!type.equals("IEND"));
  }

  /** Requires that a whole chunk stands at this place. */
  private void requireChunk(int at) throws ImageRejectedException {
    int left = encoded.length - at;
    if (left < CHUNK_OVERHEAD || left - CHUNK_OVERHEAD < Integer.toUnsignedLong(bytes.getInt(at))) {
      throw new ImageRejectedException(
          "the PNG is cut off: it ends after "
              + encoded.length
              + " bytes, within or before the chunk at byte "
              + at);
    }
  }

  private String typeAt(int at) {
    return new String(encoded, at + 4, 4, StandardCharsets.US_ASCII);
  }
}
