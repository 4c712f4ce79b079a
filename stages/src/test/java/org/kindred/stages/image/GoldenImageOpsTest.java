package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.RecipeConfig;

/** The deterministic parts of the operations against {@code golden/image_ops.json}. */
class GoldenImageOpsTest {

  private final JsonNode suite = read();

  @Test
  void grayscale() {
    Planes image = planes("grayscale");
    float[] luma = new float[image.count()];

    ColorMath.luma(image.red(), image.green(), image.blue(), luma, image.count());

    assertClose(luma, expected("grayscale").get("luma"));
  }

  @Test
  void brightness() {
    Planes image = planes("brightness");

    ColorMath.brightness(
        image.red(), image.green(), image.blue(), factor("brightness"), image.count());

    assertClose(image.interleaved(), expected("brightness").get("image"));
  }

  @Test
  void contrast() {
    Planes image = planes("contrast");
    float[] luma = new float[image.count()];

    ColorMath.contrast(
        image.red(), image.green(), image.blue(), factor("contrast"), luma, image.count());

    assertThat(ColorMath.mean(luma, image.count()))
        .isCloseTo(expected("contrast").get("mean_luma").asDouble(), within(5e-5));
    assertClose(image.interleaved(), expected("contrast").get("image"));
  }

  @Test
  void saturation() {
    Planes image = planes("saturation");

    ColorMath.saturation(
        image.red(),
        image.green(),
        image.blue(),
        factor("saturation"),
        new float[image.count()],
        image.count());

    assertClose(image.interleaved(), expected("saturation").get("image"));
  }

  @Test
  void hue() {
    Planes image = planes("hue");
    int n = image.count();

    ColorMath.hue(
        image.red(),
        image.green(),
        image.blue(),
        (float) inputs("hue").get("shift").asDouble(),
        new float[n],
        new float[n],
        new float[n],
        n);

    assertClose(image.interleaved(), expected("hue").get("image"));
  }

  @Test
  void normalizationOfCifarRecipes() {
    Normalize normalize =
        Recipes.resolve(RecipeConfig.newBuilder().setPreset("A-cifar-is").build()).getNormalize();

    assertClose(
        new float[] {normalize.getMeanRed(), normalize.getMeanGreen(), normalize.getMeanBlue()},
        inputs("normalise_cifar").get("mean"));
    assertClose(
        new float[] {normalize.getStdRed(), normalize.getStdGreen(), normalize.getStdBlue()},
        inputs("normalise_cifar").get("std"));
  }

  @Test
  void cropAndEnlarge() {
    JsonNode inputs = inputs("crop_resize_up");
    JsonNode image = inputs.get("image");
    int height = inputs.get("height").asInt();
    int width = inputs.get("width").asInt();
    int outHeight = inputs.get("out").get(0).asInt();
    int outWidth = inputs.get("out").get(1).asInt();
    Resampling across = new Resampling();
    across.prepare(width, outWidth, 0, outWidth);
    Resampling down = new Resampling();
    down.prepare(height, outHeight, 0, outHeight);
    float[][] rows = new float[height][3 * outWidth];
    for (int y = 0; y < height; y++) {
      float[] row = new float[3 * width];
      for (int i = 0; i < row.length; i++) {
        row[i] =
            (float)
                image
                    .get(inputs.get("top").asInt() + y)
                    .get(inputs.get("left").asInt() + i / 3)
                    .asDouble();
      }
      across.horizontal(row, rows[y]);
    }

    float[] result = new float[3 * outWidth];
    for (int y = 0; y < outHeight; y++) {
      down.vertical(rows, y, result, 3 * outWidth);
      for (int i = 0; i < result.length; i++) {
        assertClose(
            result[i], expected("crop_resize_up").get("image").get(y).get(i % outWidth).asDouble());
      }
    }
  }

  @Test
  void boxOfRandomResizedCrop() {
    JsonNode draws = inputs("random_resized_crop_box").get("draws_H_W_area_ratio");
    JsonNode boxes = expected("random_resized_crop_box").get("boxes");
    assertThat(draws).hasSameSizeAs(boxes);
    for (int i = 0; i < draws.size(); i++) {
      int imageHeight = draws.get(i).get(0).asInt();
      int imageWidth = draws.get(i).get(1).asInt();
      double share = draws.get(i).get(2).asDouble();
      double ratio = draws.get(i).get(3).asDouble();
      int width = boxes.get(i).get("width").asInt();
      int height = boxes.get(i).get("height").asInt();
      double area = imageHeight * imageWidth * share;

      assertThat(CropBox.widthOf(area, ratio)).isEqualTo(width);
      assertThat(CropBox.heightOf(area, ratio)).isEqualTo(height);
      ViewOperation.RandomResizedCrop crop =
          ViewOperation.RandomResizedCrop.of(32, share, share, ratio, ratio);
      CropBox box = crop.box(imageWidth, imageHeight, new double[crop.draws()], 0);
      if (boxes.get(i).get("accepted").asBoolean()) {
        assertThat(box).isEqualTo(new CropBox(0, 0, width, height));
      } else {
        assertThat(box)
            .isEqualTo(CropBox.largestCentered(imageWidth, imageHeight, ratio, ratio))
            .isEqualTo(new CropBox(0, 3, 32, 25));
      }
    }
  }

  @Test
  void gaussianKernel() {
    double[] kernel = BlurFilter.kernel(inputs("gaussian_kernel").get("sigma").asDouble());

    JsonNode expected = expected("gaussian_kernel");
    assertThat(kernel).hasSize(2 * expected.get("radius").asInt() + 1);
    for (int i = 0; i < kernel.length; i++) {
      assertThat(kernel[i]).isCloseTo(expected.get("kernel").get(i).asDouble(), within(1e-8));
    }
  }

  @Test
  void flip() {
    List<Double> values = numbers(inputs("flip").get("image"));
    byte[] pixels = new byte[3 * values.size()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = values.get(i / 3).byteValue();
    }
    Canvas canvas = new Canvas();
    canvas.open(new RgbImage(4, 4, pixels));
    byte[] result = new byte[pixels.length];

    canvas.flip();
    canvas.write(result, 0);

    List<Double> expected = numbers(expected("flip").get("image"));
    for (int i = 0; i < result.length; i++) {
      assertThat((double) result[i]).isEqualTo(expected.get(i / 3));
    }
  }

  private static JsonNode read() {
    Path file = Path.of(System.getProperty("kindred.testdata"), "golden", "image_ops.json");
    try {
      return new ObjectMapper().readTree(file.toFile());
    } catch (IOException e) {
      throw new AssertionError("cannot read " + file, e);
    }
  }

  private JsonNode inputs(String name) {
    return find(name).get("inputs");
  }

  private JsonNode expected(String name) {
    return find(name).get("expected");
  }

  private JsonNode find(String name) {
    for (JsonNode candidate : suite.get("cases")) {
      if (candidate.get("name").asText().equals(name)) {
        return candidate;
      }
    }
    throw new AssertionError("no case " + name);
  }

  private float factor(String name) {
    return (float) inputs(name).get("factor").asDouble();
  }

  private Planes planes(String name) {
    List<Double> values = numbers(inputs(name).get("image"));
    Planes planes = new Planes(values.size() / 3);
    for (int i = 0; i < values.size(); i++) {
      planes.channels()[i % 3][i / 3] = values.get(i).floatValue();
    }
    return planes;
  }

  private static List<Double> numbers(JsonNode node) {
    List<Double> numbers = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(child -> numbers.addAll(numbers(child)));
    } else {
      numbers.add(node.asDouble());
    }
    return numbers;
  }

  private void assertClose(float[] got, JsonNode want) {
    List<Double> values = numbers(want);
    assertThat(got).hasSize(values.size());
    for (int i = 0; i < got.length; i++) {
      assertClose(got[i], values.get(i));
    }
  }

  private void assertClose(float got, double want) {
    JsonNode tolerance = suite.get("tolerance").get("float32");
    double allowed =
        tolerance.get("abs").asDouble() + tolerance.get("rel").asDouble() * Math.abs(want);
    assertThat((double) got).isCloseTo(want, within(allowed));
  }

  /** An image as three planes. */
  private static final class Planes {
    private final float[][] channels;

    Planes(int count) {
      channels = new float[3][count];
    }

    float[][] channels() {
      return channels;
    }

    float[] red() {
      return channels[0];
    }

    float[] green() {
      return channels[1];
    }

    float[] blue() {
      return channels[2];
    }

    int count() {
      return channels[0].length;
    }

    float[] interleaved() {
      float[] values = new float[3 * count()];
      for (int i = 0; i < values.length; i++) {
        values[i] = channels[i % 3][i / 3];
      }
      return values;
    }
  }
}
