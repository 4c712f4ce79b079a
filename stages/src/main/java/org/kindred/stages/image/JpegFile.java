package org.kindred.stages.image;

import com.drew.imaging.ImageProcessingException;
import com.drew.imaging.jpeg.JpegMetadataReader;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageReader;

/**
 * A JPEG whose header has been read.
 *
 * <p>The runtime's decoder gets a copy without metadata. It would apply colour profiles, fail on
 * broken ones, and complain about thumbnails; none of that says anything about the picture.
 */
final class JpegFile {

  private static final int MARKER = 0xFF;
  private static final int START_OF_IMAGE = 0xD8;
  private static final int START_OF_SCAN = 0xDA;
  private static final int APP0 = 0xE0;
  private static final int APP14 = 0xEE;
  private static final int APP15 = 0xEF;
  private static final int COMMENT = 0xFE;
  private static final byte[] JFIF = "JFIF\0".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ADOBE = "Adobe".getBytes(StandardCharsets.US_ASCII);
  private static final int ADOBE_TRANSFORM = 11;
  private static final int YCCK = 2;

  /** Beginnings of warnings that do not concern the picture. All others mean lost picture data. */
  private static final List<String> HARMLESS_WARNINGS =
      List.of("Warning: unknown JFIF revision number", "Unknown Adobe color transform code");

  private final byte[] encoded;
  private final ByteArrayOutputStream bare = new ByteArrayOutputStream();
  private int at = 2;
  private int width;
  private int height;
  private int components;
  private boolean jfif;
  private byte[] adobe = {};
  private int adobeTransform;

  private JpegFile(byte[] encoded) {
    this.encoded = encoded;
  }

  static boolean isJpeg(byte[] bytes) {
    return bytes.length >= 3
        && (bytes[0] & 0xFF) == MARKER
        && (bytes[1] & 0xFF) == START_OF_IMAGE
        && (bytes[2] & 0xFF) == MARKER;
  }

  /** Reads all segments up to the image data; {@link #isJpeg} must hold. */
  static JpegFile parse(byte[] encoded) throws ImageRejectedException {
    JpegFile file = new JpegFile(encoded);
    file.bare.write(encoded, 0, 2);
    while (file.readSegment()) {}
    return file;
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  /** Decodes the pixels and turns them upright. */
  RgbImage decode() throws ImageRejectedException {
    if (components != 1 && components != 3 && components != 4) {
      throw new ImageRejectedException(
          "the JPEG has " + components + " colour components, valid is 1, 3 or 4");
    }
    List<String> warnings = new ArrayList<>();
    RgbImage image;
    try {
      ImageReader reader = RuntimeReader.open("jpeg", bare.toByteArray());
      try {
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        image =
            components == 4
                ? RasterPixels.fromInks(reader.readRaster(0, null), adobeTransform == YCCK)
                : RasterPixels.fromColors(reader.read(0));
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      // The runtime's reader reports some damage by unchecked exceptions.
      throw new ImageRejectedException("the JPEG cannot be decoded: " + e.getMessage(), e);
    }
    for (String warning : warnings) {
      if (HARMLESS_WARNINGS.stream().noneMatch(warning::startsWith)) {
        throw new ImageRejectedException("the JPEG is cut off or damaged: " + warning);
      }
    }
    return Orientation.apply(image, orientation());
  }

  /** Reads one segment; returns false when it has come to the image data. */
  private boolean readSegment() throws ImageRejectedException {
    int begin = at;
    if (unsignedByte(at) != MARKER) {
      throw new ImageRejectedException(
          "the JPEG is damaged: byte " + at + " should begin a segment");
    }
    // Any number of fill bytes may stand before a marker.
    while (unsignedByte(at + 1) == MARKER) {
      at++;
    }
    int marker = unsignedByte(at + 1);
    int length = unsignedByte(at + 2) << 8 | unsignedByte(at + 3);
    int payload = at + 4;
    int end = at + 2 + length;
    if (length < 2) {
      throw new ImageRejectedException(
          "the JPEG is damaged: the segment at byte " + begin + " has a length of " + length);
    }
    if (end > encoded.length) {
      throw cutOff();
    }
    at = end;
    switch (marker) {
      case START_OF_SCAN -> {
        finish(begin);
        return false;
      }
      case APP0 -> {
        if (startsWith(JFIF, payload, end)) {
          jfif = true;
          bare.write(encoded, begin, end - begin);
        }
      }
      case APP14 -> {
        if (startsWith(ADOBE, payload, end) && end - payload > ADOBE_TRANSFORM) {
          adobe = Arrays.copyOfRange(encoded, begin, end);
          adobeTransform = unsignedByte(payload + ADOBE_TRANSFORM);
        }
      }
      default -> {
        if (isStartOfFrame(marker)) {
          readFrame(payload, end);
        }
        if (marker != COMMENT && (marker < APP0 || marker > APP15)) {
          bare.write(encoded, begin, end - begin);
        }
      }
    }
    return true;
  }

  /**
   * Adobe's marker is passed on where it decides: for four components, and for three where JFIF
   * does not say YCbCr and the marker says something that three components can be.
   */
  private void finish(int scan) throws ImageRejectedException {
    if (components == 0) {
      throw new ImageRejectedException(
          "the JPEG is damaged: its image data come before its header");
    }
    if (components == 4 || (components == 3 && !jfif && adobeTransform < YCCK)) {
      bare.write(adobe, 0, adobe.length);
    }
    bare.write(encoded, scan, encoded.length - scan);
  }

  private void readFrame(int payload, int end) throws ImageRejectedException {
    if (end - payload < 6) {
      throw new ImageRejectedException("the JPEG is damaged: its header is too short");
    }
    height = unsignedByte(payload + 1) << 8 | unsignedByte(payload + 2);
    width = unsignedByte(payload + 3) << 8 | unsignedByte(payload + 4);
    components = unsignedByte(payload + 5);
  }

  private static boolean isStartOfFrame(int marker) {
    // C4, C8 and CC in this range mean tables and extensions.
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
  }

  private boolean startsWith(byte[] name, int payload, int end) {
    int nameEnd = payload + name.length;
    return nameEnd <= end && Arrays.equals(encoded, payload, nameEnd, name, 0, name.length);
  }

  private int unsignedByte(int index) throws ImageRejectedException {
    if (index >= encoded.length) {
      throw cutOff();
    }
    return encoded[index] & 0xFF;
  }

  private ImageRejectedException cutOff() {
    return new ImageRejectedException(
        "the JPEG is cut off: it ends after " + encoded.length + " bytes, before its image data");
  }

  /** Returns the EXIF orientation, 1 (upright) where there is none or none that can be read. */
  private int orientation() {
    try {
      ExifIFD0Directory directory =
          JpegMetadataReader.readMetadata(
                  new ByteArrayInputStream(encoded), List.of(new ExifReader()))
              .getFirstDirectoryOfType(ExifIFD0Directory.class);
      Integer orientation =
          directory == null ? null : directory.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
      return orientation == null ? Orientation.UPRIGHT : orientation;
    } catch (ImageProcessingException | IOException e) {
      return Orientation.UPRIGHT;
    }
  }
}
