package org.kindred.stages.image;

import java.io.ByteArrayInputStream;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Opens the image readers that come with the Java runtime. */
final class RuntimeReader {

  private RuntimeReader() {}

  /**
   * Returns a reader of one image, to be disposed of by the caller. A reader that a library on the
   * class path registers is passed over: which libraries there are must not change pixels.
   */
  static ImageReader open(String format, byte[] encoded) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (reader.getClass().getModule() == ImageReader.class.getModule()) {
        reader.setInput(
            new MemoryCacheImageInputStream(new ByteArrayInputStream(encoded)), true, true);
        return reader;
      }
    }
    throw new IllegalStateException("this Java runtime cannot read " + format);
  }
}
