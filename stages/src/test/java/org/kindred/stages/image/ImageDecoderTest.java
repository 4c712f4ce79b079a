package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {

  private static final int APP1 = 0xE1;
  private static final int APP2 = 0xE2;
  private static final int APP14 = 0xEE;

  private final ImageDecoder decoder = new ImageDecoder(10_000, 50_000_000);

  @Test
  void readsJpegOfColorsInTheRightOrder() throws Exception {
    RgbImage image = decoder.decode(jpeg(plain(20, 10, 0xC86428)));

    assertThat(image.width()).isEqualTo(20);
    assertThat(image.height()).isEqualTo(10);
    assertPlain(image, 200, 100, 40, 2);
  }

  @Test
  void readsRealPhotographs() throws Exception {
    Path archive = Path.of(System.getProperty("kindred.testdata"), "clothing-64.zip");
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      List<? extends ZipEntry> entries = zip.stream().toList();
      assertThat(entries).hasSize(3781);
      for (int i = 0; i < entries.size(); i += 50) {
        RgbImage image = decoder.decode(zip.getInputStream(entries.get(i)).readAllBytes());
        assertThat(Math.min(image.width(), image.height())).isEqualTo(64);
      }
    }
  }

  @Test
  void readsJpegOfUntransformedColors() throws Exception {
    assertPlain(decoder.decode(markedJpeg(0, 200, 100, 40)), 200, 100, 40, 2);
    // What JFIF makes of Y 119, Cb 88, Cr 180.
    assertPlain(decoder.decode(markedJpeg(1, 119, 88, 180)), 192, 96, 48, 2);
    assertPlain(decoder.decode(markedJpeg(9, 119, 88, 180)), 192, 96, 48, 2);
  }

  @Test
  void readsGreyJpegWithoutGamma() throws Exception {
    BufferedImage grey = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
    fill(grey.getRaster(), 77);

    assertPlain(decoder.decode(jpeg(grey)), 77, 77, 77, 1);
  }

  @Test
  void readsProgressiveJpeg() throws Exception {
    byte[] progressive = progressiveJpeg(photo(40, 30));

    RgbImage image = decoder.decode(progressive);

    assertThat(image.width()).isEqualTo(40);
    assertThatThrownBy(() -> decoder.decode(Arrays.copyOf(progressive, progressive.length / 2)))
        .isInstanceOf(ImageRejectedException.class);
  }

  @Test
  void readsInksAsAdobeStoresThem() throws Exception {
    // What passes 200, 100 and 50 of 255 of the colours and 230 of the black.
    assertPlain(decoder.decode(markedJpeg(-1, 200, 100, 50, 230)), 180, 90, 45, 2);
    assertPlain(decoder.decode(markedJpeg(0, 200, 100, 50, 230)), 180, 90, 45, 2);
  }

  @Test
  void readsInksStoredAsLumaAndChroma() throws Exception {
    // Y 119, Cb 88, Cr 180 is the red 192, 96, 48 by JFIF, whose complement is stored.
    assertPlain(decoder.decode(markedJpeg(2, 119, 88, 180, 255)), 63, 159, 207, 2);
  }

  @Test
  void ignoresColorProfiles() throws Exception {
    byte[] plain = jpeg(plain(16, 16, 0xC06030));
    byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    byte[] header = "ICC_PROFILE\0\1\1".getBytes(StandardCharsets.ISO_8859_1);
    byte[] broken = "ICC_PROFILE\0\2\3nonsense".getBytes(StandardCharsets.ISO_8859_1);

    RgbImage expected = decoder.decode(plain);

    assertThat(decoder.decode(withSegment(plain, APP2, concat(header, profile))).pixels())
        .isEqualTo(expected.pixels());
    assertThat(decoder.decode(withSegment(plain, APP2, broken)).pixels())
        .isEqualTo(expected.pixels());
  }

  /** The upper left pixel of the stored image is in the upper left, upper right, ... corner. */
  @ParameterizedTest
  @CsvSource({
    "0, 48, 32, 0 1 2 3",
    "1, 48, 32, 0 1 2 3",
    "2, 48, 32, 1 0 3 2",
    "3, 48, 32, 3 2 1 0",
    "4, 48, 32, 2 3 0 1",
    "5, 32, 48, 0 2 1 3",
    "6, 32, 48, 2 0 3 1",
    "7, 32, 48, 3 1 2 0",
    "8, 32, 48, 1 3 0 2",
    "9, 48, 32, 0 1 2 3",
  })
  void turnsByExifOrientation(int orientation, int width, int height, String corners)
      throws Exception {
    RgbImage image = decoder.decode(withSegment(jpeg(quarters(48, 32)), APP1, exif(orientation)));

    assertThat(image.width()).isEqualTo(width);
    assertThat(image.height()).isEqualTo(height);
    assertThat(
            quarterAt(image, 0, 0)
                + " "
                + quarterAt(image, width - 1, 0)
                + " "
                + quarterAt(image, 0, height - 1)
                + " "
                + quarterAt(image, width - 1, height - 1))
        .isEqualTo(corners);
  }

  @Test
  void ignoresExifThatCannotBeRead() throws Exception {
    byte[] nonsense = "Exif\0\0nonsense".getBytes(StandardCharsets.ISO_8859_1);

    RgbImage image = decoder.decode(withSegment(jpeg(quarters(48, 32)), APP1, nonsense));

    assertThat(image.width()).isEqualTo(48);
  }

  @Test
  void refusesJpegThatIsCutOffAnywhere() throws Exception {
    byte[] whole = jpeg(photo(64, 48));
    decoder.decode(whole);
    for (int length = 3; length < whole.length; length += length < 700 ? 1 : 37) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> decoder.decode(cut))
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(ImageRejectedException.class)
          .hasMessageContaining("cut off");
    }
    assertThatThrownBy(() -> decoder.decode(Arrays.copyOf(whole, whole.length - 1)))
        .isInstanceOf(ImageRejectedException.class);
  }

  @Test
  void readsJpegWithBytesAfterItsEnd() throws Exception {
    byte[] whole = jpeg(photo(64, 48));

    assertThat(decoder.decode(Arrays.copyOf(whole, whole.length + 100)).pixels())
        .isEqualTo(decoder.decode(whole).pixels());
  }

  @Test
  void refusesJpegWithoutARestartMarkerOrHuffmanCode() throws Exception {
    byte[] damaged = jpeg(photo(64, 48));
    // A marker in the middle of the image data ends them early.
    damaged[damaged.length / 2 + 200] = (byte) 0xFF;
    damaged[damaged.length / 2 + 201] = (byte) 0xD9;

    assertThatThrownBy(() -> decoder.decode(damaged))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessageStartingWith("the JPEG is cut off or damaged: ");
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        BufferedImage.TYPE_3BYTE_BGR,
        BufferedImage.TYPE_INT_RGB,
        BufferedImage.TYPE_USHORT_565_RGB
      })
  void readsPngExactly(int type) throws Exception {
    BufferedImage source = new BufferedImage(5, 4, type);
    for (int i = 0; i < 20; i++) {
      source.setRGB(i % 5, i / 5, i * 654_321);
    }

    RgbImage image = decoder.decode(png(source));

    for (int i = 0; i < 20; i++) {
      int rgb = source.getRGB(i % 5, i / 5);
      assertThat(image.pixels()[3 * i]).isEqualTo((byte) (rgb >> 16));
      assertThat(image.pixels()[3 * i + 1]).isEqualTo((byte) (rgb >> 8));
      assertThat(image.pixels()[3 * i + 2]).isEqualTo((byte) rgb);
    }
  }

  @Test
  void laysTransparencyOnWhite() throws Exception {
    BufferedImage source = new BufferedImage(3, 1, BufferedImage.TYPE_4BYTE_ABGR);
    source.setRGB(0, 0, 0x00102030);
    source.setRGB(1, 0, 0x80C86400);
    source.setRGB(2, 0, 0xFFC86432);

    // 200 * 128/255 + 255 * 127/255 = 227.4, and so on.
    assertThat(unsigned(decoder.decode(png(source))))
        .containsExactly(255, 255, 255, 227, 177, 127, 200, 100, 50);
  }

  @Test
  void readsPaletteWithTransparency() throws Exception {
    byte[] red = {(byte) 200, 10};
    byte[] green = {100, 20};
    byte[] blue = {50, 30};
    byte[] alpha = {(byte) 255, 0};
    IndexColorModel palette = new IndexColorModel(1, 2, red, green, blue, alpha);
    BufferedImage source = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY, palette);
    source.getRaster().setSample(1, 0, 0, 1);

    assertThat(unsigned(decoder.decode(png(source)))).containsExactly(200, 100, 50, 255, 255, 255);
  }

  @Test
  void roundsSixteenBitsToEight() throws Exception {
    BufferedImage source = new BufferedImage(4, 1, BufferedImage.TYPE_USHORT_GRAY);
    int[] samples = {0, 128, 129, 65_535};
    source.getRaster().setSamples(0, 0, 4, 1, 0, samples);

    assertThat(unsigned(decoder.decode(png(source))))
        .containsExactly(0, 0, 0, 0, 0, 0, 1, 1, 1, 255, 255, 255);
  }

  @Test
  void readsGreyPngWithoutGamma() throws Exception {
    BufferedImage grey = new BufferedImage(3, 3, BufferedImage.TYPE_BYTE_GRAY);
    fill(grey.getRaster(), 77);

    assertPlain(decoder.decode(png(grey)), 77, 77, 77, 0);
  }

  @Test
  void refusesPngWithAWrongCheckSum() throws Exception {
    byte[] damaged = png(photo(20, 20));
    damaged[damaged.length - 40] ^= 1;

    assertThatThrownBy(() -> decoder.decode(damaged))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessageStartingWith("the PNG is damaged: wrong check sum of the chunk IDAT at byte ");
  }

  @Test
  void refusesPngThatIsCutOffAnywhere() throws Exception {
    byte[] whole = png(photo(20, 20));
    for (int length = 8; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> decoder.decode(cut))
          .as("%d bytes", length)
          .isInstanceOf(ImageRejectedException.class)
          .hasMessageStartingWith("the PNG is cut off: ");
    }
  }

  @Test
  void refusesPngWithTooFewRows() throws Exception {
    byte[] png = png(photo(20, 20));
    ByteBuffer.wrap(png).putInt(20, 40);
    CRC32 sum = new CRC32();
    sum.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) sum.getValue());

    assertThatThrownBy(() -> decoder.decode(png))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessageStartingWith("the PNG cannot be decoded: ");
  }

  @Test
  void refusesDeclaredSizesBeforeItAllocates() throws Exception {
    ByteBuffer png = ByteBuffer.allocate(33);
    png.put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
    png.putInt(13).put("IHDR".getBytes(StandardCharsets.US_ASCII));
    png.putInt(60_000).putInt(60_000);
    png.put(new byte[] {8, 2, 0, 0, 0});

    assertThatThrownBy(() -> decoder.decode(png.array()))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessage("the image declares 60000 x 60000 pixels, the limit is 10000 on a side");
    png.putInt(16, 10_000).putInt(20, 10_000);
    assertThatThrownBy(() -> decoder.decode(png.array()))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessage("the image declares 10000 x 10000 pixels, the limit is 50000000 in all");
    png.putInt(16, -1).putInt(20, 1);
    assertThatThrownBy(() -> decoder.decode(png.array()))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessageStartingWith("the image declares 4294967295 x 1 pixels");
    png.putInt(16, 0);
    assertThatThrownBy(() -> decoder.decode(png.array()))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessage("the image declares 0 x 1 pixels");

    ImageDecoder narrow = new ImageDecoder(19, 50_000_000);
    assertThatThrownBy(() -> narrow.decode(jpeg(plain(20, 10, 0))))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessage("the image declares 20 x 10 pixels, the limit is 19 on a side");
  }

  @Test
  void refusesWhatIsNoImage() {
    assertThatThrownBy(() -> decoder.decode(new byte[0]))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessage("the file is empty");
    assertThatThrownBy(() -> decoder.decode("text".getBytes(StandardCharsets.US_ASCII)))
        .isInstanceOf(ImageRejectedException.class)
        .hasMessage("the file is neither JPEG nor PNG: it starts with 74 65 78 74");
  }

  @Test
  void refusesLimitsOutOfRange() {
    assertThatThrownBy(() -> new ImageDecoder(0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxSide is 0, valid is 1 or more");
    assertThatThrownBy(() -> new ImageDecoder(1, 700_000_001))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxPixels is 700000001, valid is 1 to 700000000");
  }

  private static void assertPlain(RgbImage image, int red, int green, int blue, int tolerance) {
    int[] expected = {red, green, blue};
    int[] pixels = unsigned(image);
    for (int i = 0; i < pixels.length; i++) {
      assertThat(pixels[i]).isBetween(expected[i % 3] - tolerance, expected[i % 3] + tolerance);
    }
  }

  private static int[] unsigned(RgbImage image) {
    int[] values = new int[image.pixels().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = image.pixels()[i] & 0xFF;
    }
    return values;
  }

  private static BufferedImage plain(int width, int height, int rgb) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, rgb);
    }
    return image;
  }

  /** Something that does not compress to nothing. */
  private static BufferedImage photo(int width, int height) {
    byte[] noise = TestImages.noise(width, height, 1).pixels();
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, (noise[3 * i] & 0x7F) * 0x010101 + 0x404040);
    }
    return image;
  }

  /** Quarters of grey levels 30, 90, 150, 210: upper left and right, lower left and right. */
  private static BufferedImage quarters(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      int quarter = i % width / (width / 2) + 2 * (i / width / (height / 2));
      image.setRGB(i % width, i / width, (30 + 60 * quarter) * 0x010101);
    }
    return image;
  }

  private static int quarterAt(RgbImage image, int x, int y) {
    return ((image.pixels()[3 * (image.width() * y + x)] & 0xFF) - 5) / 60;
  }

  private static void fill(WritableRaster raster, int level) {
    int[] samples = new int[raster.getWidth() * raster.getHeight()];
    Arrays.fill(samples, level);
    raster.setSamples(0, 0, raster.getWidth(), raster.getHeight(), 0, samples);
  }

  private static byte[] png(BufferedImage image) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, "png", bytes)).isTrue();
    return bytes.toByteArray();
  }

  private static byte[] jpeg(BufferedImage image) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, "jpeg", bytes)).isTrue();
    return bytes.toByteArray();
  }

  private static byte[] progressiveJpeg(BufferedImage image) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ImageWriteParam param = writer.getDefaultWriteParam();
    param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
    return write(writer, new IIOImage(image, null, null), param);
  }

  /**
   * A plain JPEG of given components, with an Adobe marker if {@code transform} is not negative.
   */
  private static byte[] markedJpeg(int transform, int... samples) throws IOException {
    WritableRaster raster =
        Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 16, 16, samples.length, null);
    for (int i = 0; i < 256; i++) {
      raster.setPixel(i % 16, i / 16, samples);
    }
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    byte[] bytes = write(writer, new IIOImage(raster, null, null), null);
    byte[] adobe = {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, (byte) transform};
    return transform < 0 ? bytes : withSegment(bytes, APP14, adobe);
  }

  private static byte[] write(ImageWriter writer, IIOImage image, ImageWriteParam param)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(stream);
      writer.write(null, image, param);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  /** Puts a segment behind the first two bytes of a JPEG. */
  private static byte[] withSegment(byte[] jpeg, int marker, byte[] payload) {
    ByteBuffer result = ByteBuffer.allocate(jpeg.length + payload.length + 4);
    result.put(jpeg, 0, 2);
    result.put((byte) 0xFF).put((byte) marker).putShort((short) (payload.length + 2));
    result.put(payload);
    result.put(jpeg, 2, jpeg.length - 2);
    return result.array();
  }

  /** An EXIF segment with nothing but the orientation. */
  private static byte[] exif(int orientation) {
    ByteBuffer exif = ByteBuffer.allocate(32);
    exif.put("Exif\0\0MM\0*".getBytes(StandardCharsets.ISO_8859_1));
    exif.putInt(8);
    exif.putShort((short) 1);
    exif.putShort((short) 0x0112).putShort((short) 3).putInt(1);
    exif.putShort((short) orientation).putShort((short) 0);
    exif.putInt(0);
    return exif.array();
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] result = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, result, a.length, b.length);
    return result;
  }
}
