package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.models.TestGraph;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * Networks against loops that follow He et al., sections 3.2 and 4.2, and torchvision's padding.
 */
final class ResNetForwardTest {
  private static final double[] MEAN = {0.4914, 0.4822, 0.4465};
  private static final double[] STD = {0.2023, 0.1994, 0.2010};

  /** A batch of square maps, {@code [images][channels][side][side]}. */
  private static final class Maps {
    private final double[][][][] values;

    Maps(double[][][][] values) {
      this.values = values;
    }

    int images() {
      return values.length;
    }

    int channels() {
      return values[0].length;
    }

    int side() {
      return values[0][0].length;
    }

    double at(int image, int channel, int y, int x) {
      boolean inside = y >= 0 && y < side() && x >= 0 && x < side();
      return inside ? values[image][channel][y][x] : 0;
    }
  }

  private final TestGraph graph = new TestGraph();

  private float[] weight(String name) {
    return graph.fetch(graph.variables().get(name).value()).get(0);
  }

  /** Convolution, then batch norm with the statistics of the batch. */
  private Maps unit(String name, Maps input, int size, int stride, int channels) {
    float[] kernel = weight(name + ".conv.kernel");
    int side = (input.side() + stride - 1) / stride;
    double[][][][] out = new double[input.images()][channels][side][side];
    for (int c = 0; c < channels; c++) {
      double sum = 0;
      double squares = 0;
      for (int n = 0; n < input.images(); n++) {
        for (int y = 0; y < side; y++) {
          for (int x = 0; x < side; x++) {
            double value = 0;
            for (int ky = 0; ky < size; ky++) {
              for (int kx = 0; kx < size; kx++) {
                for (int i = 0; i < input.channels(); i++) {
                  value +=
                      kernel[((ky * size + kx) * input.channels() + i) * channels + c]
                          * input.at(n, i, y * stride + ky - size / 2, x * stride + kx - size / 2);
                }
              }
            }
            out[n][c][y][x] = value;
            sum += value;
            squares += value * value;
          }
        }
      }
      double count = (double) input.images() * side * side;
      double mean = sum / count;
      double scale = 1 / Math.sqrt(squares / count - mean * mean + 1e-5);
      for (double[][][] image : out) {
        for (double[] row : image[c]) {
          for (int x = 0; x < side; x++) {
            row[x] = (row[x] - mean) * scale;
          }
        }
      }
    }
    return new Maps(out);
  }

  private static Maps reluOfSum(Maps map, Maps other) {
    double[][][][] out = new double[map.images()][map.channels()][map.side()][map.side()];
    for (int n = 0; n < map.images(); n++) {
      for (int c = 0; c < map.channels(); c++) {
        for (int y = 0; y < map.side(); y++) {
          for (int x = 0; x < map.side(); x++) {
            double sum = map.at(n, c, y, x) + (other == null ? 0 : other.at(n, c, y, x));
            out[n][c][y][x] = Math.max(0, sum);
          }
        }
      }
    }
    return new Maps(out);
  }

  private Maps block(String name, Maps input, int stride, int width, boolean bottleneck) {
    Maps map;
    int channels = bottleneck ? 4 * width : width;
    if (bottleneck) {
      map = reluOfSum(unit(name + ".1", input, 1, 1, width), null);
      map = reluOfSum(unit(name + ".2", map, 3, stride, width), null);
      map = unit(name + ".3", map, 1, 1, channels);
    } else {
      map = reluOfSum(unit(name + ".1", input, 3, stride, width), null);
      map = unit(name + ".2", map, 3, 1, width);
    }
    boolean same = stride == 1 && input.channels() == channels;
    return reluOfSum(map, same ? input : unit(name + ".shortcut", input, 1, stride, channels));
  }

  private static Maps maxPool(Maps map) {
    int side = (map.side() + 1) / 2;
    double[][][][] out = new double[map.images()][map.channels()][side][side];
    for (int n = 0; n < map.images(); n++) {
      for (int c = 0; c < map.channels(); c++) {
        for (int y = 0; y < side; y++) {
          for (int x = 0; x < side; x++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = Math.max(0, 2 * y - 1); i <= Math.min(map.side() - 1, 2 * y + 1); i++) {
              for (int j = Math.max(0, 2 * x - 1); j <= Math.min(map.side() - 1, 2 * x + 1); j++) {
                largest = Math.max(largest, map.at(n, c, i, j));
              }
            }
            out[n][c][y][x] = largest;
          }
        }
      }
    }
    return new Maps(out);
  }

  private static Maps normalized(byte[] pixels, int images, int side) {
    double[][][][] values = new double[images][3][side][side];
    int at = 0;
    for (double[][][] image : values) {
      for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
          for (int c = 0; c < 3; c++) {
            image[c][y][x] = ((pixels[at++] & 0xff) / 255.0 - MEAN[c]) / STD[c];
          }
        }
      }
    }
    return new Maps(values);
  }

  private static double[] averages(Maps map, int image) {
    double[] means = new double[map.channels()];
    for (int c = 0; c < means.length; c++) {
      for (double[] row : map.values[image][c]) {
        for (double value : row) {
          means[c] += value / (map.side() * map.side());
        }
      }
    }
    return means;
  }

  private double[] embedding(double[] pooled, int dimension) {
    float[] weight = weight("network.head.weight");
    float[] bias = weight("network.head.bias");
    double[] embedding = new double[dimension];
    double squares = 0;
    for (int i = 0; i < dimension; i++) {
      embedding[i] = bias[i];
      for (int c = 0; c < pooled.length; c++) {
        embedding[i] += pooled[c] * weight[c * dimension + i];
      }
      squares += embedding[i] * embedding[i];
    }
    for (int i = 0; i < dimension; i++) {
      embedding[i] /= Math.sqrt(squares);
    }
    return embedding;
  }

  @ParameterizedTest
  @CsvSource({
    "ARCHITECTURE_RESNET10_HALF, 3, 2, false, 1 1 1 1, 32, false, 17",
    "ARCHITECTURE_RESNET18_CIFAR, 3, 1, false, 2 2 2 2, 64, false, 12",
    "ARCHITECTURE_RESNET18, 7, 2, true, 2 2 2 2, 64, false, 43",
    "ARCHITECTURE_RESNET50, 7, 2, true, 3 4 6 3, 64, true, 40",
  })
  void theForwardPassIsThePapers(
      Architecture architecture,
      int stemSize,
      int stemStride,
      boolean maxPool,
      String blocks,
      int width,
      boolean bottleneck,
      int side) {
    int images = 3;
    int dimension = 8;
    byte[] pixels = new byte[images * side * side * 3];
    new Random(4).nextBytes(pixels);
    Network network =
        Network.newBuilder().setArchitecture(architecture).setEmbeddingDimension(dimension).build();
    try (graph) {
      Operand<TUint8> input =
          graph
              .tf()
              .constant(TUint8.class, Shape.of(images, side, side, 3), DataBuffers.of(pixels));
      Map<String, Operand<TFloat32>> outputs =
          Networks.create(network, Normalize.getDefaultInstance())
              .build(Layers.forTraining(graph.tf(), graph.variables()), input);
      graph.initialize(9);
      float[] pooled = graph.fetch(outputs.get("pooled")).get(0);
      float[] embeddings = graph.fetch(outputs.get("embedding")).get(0);

      Maps map = normalized(pixels, images, side);
      map = reluOfSum(unit("network.stem", map, stemSize, stemStride, width), null);
      map = maxPool ? maxPool(map) : map;
      String[] depths = blocks.split(" ", -1);
      for (int stage = 1; stage <= depths.length; stage++) {
        for (int block = 1; block <= Integer.parseInt(depths[stage - 1]); block++) {
          map =
              block(
                  "network.stage" + stage + ".block" + block,
                  map,
                  stage > 1 && block == 1 ? 2 : 1,
                  width << (stage - 1),
                  bottleneck);
        }
      }
      for (int image = 0; image < images; image++) {
        double[] expected = averages(map, image);
        for (int c = 0; c < expected.length; c++) {
          assertThat((double) pooled[image * expected.length + c])
              .isCloseTo(expected[c], within(5e-4));
        }
        double[] unit = embedding(expected, dimension);
        for (int i = 0; i < dimension; i++) {
          assertThat((double) embeddings[image * dimension + i]).isCloseTo(unit[i], within(5e-4));
        }
      }
    }
  }
}
