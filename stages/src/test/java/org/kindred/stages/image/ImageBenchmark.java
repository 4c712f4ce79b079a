package org.kindred.stages.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.kindred.proto.pipeline.v1.RecipeConfig;

/**
 * Measures images per second on one thread and prints one JSON line per measurement: the median and
 * the best of five rounds of a second, after two rounds that warm up.
 *
 * <p>Run {@code main} with the test class path; it needs no arguments.
 */
public final class ImageBenchmark {

  private static final int WARM_UP_ROUNDS = 2;
  private static final int ROUNDS = 5;
  private static final long ROUND_NANOS = 1_000_000_000;

  private ImageBenchmark() {}

  /** Runs all measurements. */
  public static void main(String[] args) throws Exception {
    RgbImage[] small = photos(64, 32, 32);
    RgbImage[] large = photos(16, 256, 256);
    byte[][] files = new byte[16][];
    RgbImage[] photos = photos(files.length, 500, 376);
    for (int i = 0; i < files.length; i++) {
      files[i] = jpeg(photos[i]);
    }
    ImageDecoder decoder = new ImageDecoder(10_000, 50_000_000);
    ViewMaker cifar = maker("A-cifar-is");
    ViewMaker imagenet = maker("A-in-v2");
    ViewMaker swavSmall = maker("A-swav", 96, 0.05);

    byte[] view = new byte[imagenet.bytesPerView()];
    measure("A-cifar-is 32", i -> cifar.make(small[i % small.length], 1, 0, i, 0, view, 0));
    measure("A-in-v2 256->224", i -> imagenet.make(large[i % large.length], 1, 0, i, 0, view, 0));
    measure("A-swav 256->96", i -> swavSmall.make(large[i % large.length], 1, 0, i, 0, view, 0));
    measure("JPEG 500x376 decode", i -> decoder.decode(files[i % files.length]));
    measure(
        "JPEG 500x376 decode + A-in-v2 224",
        i -> imagenet.make(decoder.decode(files[i % files.length]), 1, 0, i, 0, view, 0));
  }

  private static void measure(String name, Work work) throws Exception {
    List<Double> rates = new ArrayList<>();
    int i = 0;
    for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      long begin = System.nanoTime();
      long nanos;
      int first = i;
      do {
        work.run(i++);
        nanos = System.nanoTime() - begin;
      } while (nanos < ROUND_NANOS);
      if (round >= 0) {
        rates.add((i - first) * 1e9 / nanos);
      }
    }
    double[] sorted = rates.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    System.out.printf(
        Locale.ROOT,
        "{\"benchmark\": \"%s\", \"images_per_s_per_core\": %.1f, \"best\": %.1f}%n",
        name,
        sorted[ROUNDS / 2],
        sorted[ROUNDS - 1]);
  }

  private interface Work {
    void run(int i) throws Exception;
  }

  private static ViewMaker maker(String preset) {
    return new ViewMaker(Recipes.resolve(RecipeConfig.newBuilder().setPreset(preset).build()));
  }

  private static ViewMaker maker(String preset, int size, double minScale) {
    return new ViewMaker(
        Recipes.resolve(
            RecipeConfig.newBuilder()
                .setPreset(preset)
                .setSize(size)
                .setMinScale(minScale)
                .build()));
  }

  /** Enlarged noise, smooth as a photograph is. */
  private static RgbImage[] photos(int count, int width, int height) {
    RgbImage[] photos = new RgbImage[count];
    for (int i = 0; i < count; i++) {
      RgbImage noise = TestImages.noise(width / 8, height / 8, i);
      Canvas canvas = new Canvas();
      canvas.open(noise);
      canvas.resize(CropBox.whole(noise.width(), noise.height()), width, height);
      byte[] pixels = new byte[3 * width * height];
      canvas.write(pixels, 0);
      photos[i] = new RgbImage(width, height, pixels);
    }
    return photos;
  }

  private static byte[] jpeg(RgbImage image) throws IOException {
    BufferedImage buffered =
        new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
    byte[] pixels = image.pixels();
    for (int i = 0; i < image.width() * image.height(); i++) {
      int red = pixels[3 * i] & 0xFF;
      int green = pixels[3 * i + 1] & 0xFF;
      int blue = pixels[3 * i + 2] & 0xFF;
      int rgb = red << 16 | green << 8 | blue;
      buffered.setRGB(i % image.width(), i / image.width(), rgb);
    }
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ImageWriteParam param = writer.getDefaultWriteParam();
    param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
    param.setCompressionQuality(0.9f);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(stream);
      writer.write(null, new IIOImage(buffered, null, null), param);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }
}
