package org.kindred.models.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.network.FrozenNetwork;
import org.kindred.models.network.Networks;
import org.kindred.models.tensorflow.ConstantWeights;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;

final class EncoderTest {

  private static final int SIZE = 16;
  private static final int IMAGE_BYTES = SIZE * SIZE * 3;
  private static final List<String> BOTH = List.of("embedding", "pooled");
  private static final Network NETWORK =
      Network.newBuilder()
          .setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF)
          .setEmbeddingDimension(8)
          .build();

  private static Encoder untrained;

  @TempDir private Path directory;

  @BeforeAll
  static void build() {
    untrained = Encoder.untrained(NETWORK, Normalize.getDefaultInstance(), 7, SIZE);
  }

  @AfterAll
  static void close() {
    untrained.close();
  }

  private static ByteBuffer images(int count, long seed) {
    byte[] pixels = new byte[count * IMAGE_BYTES];
    new Random(seed).nextBytes(pixels);
    return ByteBuffer.wrap(pixels);
  }

  private Path save(String name, long seed) throws IOException {
    Path model = directory.resolve(name);
    try (FrozenNetwork network =
        FrozenNetwork.build(
            Networks.create(NETWORK, Normalize.getDefaultInstance()),
            SIZE,
            ConstantWeights.Source.initial(seed))) {
      network.writeSavedModel(model);
    }
    return model;
  }

  @Test
  void givesOneRowPerImageAndLayer() {
    assertThat(untrained.layers())
        .containsExactly(
            new Encoder.Layer("embedding", 8),
            new Encoder.Layer("pooled", 256),
            new Encoder.Layer("projection", 8),
            new Encoder.Layer("stage1.block1", 8 * 8 * 32),
            new Encoder.Layer("stage2.block1", 4 * 4 * 64),
            new Encoder.Layer("stage3.block1", 2 * 2 * 128),
            new Encoder.Layer("stage4.block1", 256),
            new Encoder.Layer("stem", 8 * 8 * 32));
    assertThat(untrained.height()).isEqualTo(SIZE);
    assertThat(untrained.width()).isEqualTo(SIZE);
    Map<String, float[]> features = untrained.embed(images(3, 1), 3, BOTH);
    assertThat(features.keySet()).containsExactly("embedding", "pooled");
    assertThat(features.get("pooled")).hasSize(3 * 256);
    float[] embeddings = features.get("embedding");
    assertThat(embeddings).hasSize(3 * 8);
    for (int row = 0; row < 3; row++) {
      double squaredLength = 0;
      for (int i = 0; i < 8; i++) {
        squaredLength += (double) embeddings[8 * row + i] * embeddings[8 * row + i];
      }
      assertThat(squaredLength).isBetween(1 - 1e-5, 1 + 1e-5);
    }
  }

  @Test
  void givesTheLayersThatAreAskedForInTheirOrder() {
    List<String> layers = List.of("stage4.block1", "stem", "projection");
    ByteBuffer images = images(2, 6);
    Map<String, float[]> features = untrained.embed(images, 2, layers);
    assertThat(features.keySet()).containsExactlyElementsOf(layers);
    assertThat(features.get("stem")).hasSize(2 * 8 * 8 * 32);
    Map<String, float[]> both = untrained.embed(images, 2, BOTH);
    assertThat(features.get("stage4.block1")).containsExactly(both.get("pooled"), within(1e-5f));
    float[] projection = Arrays.copyOfRange(features.get("projection"), 8, 16);
    double length = 0;
    for (float value : projection) {
      length += (double) value * value;
    }
    for (int i = 0; i < 8; i++) {
      assertThat(projection[i] / Math.sqrt(length))
          .isCloseTo(both.get("embedding")[8 + i], within(1e-5));
    }
  }

  @Test
  void aSavedModelGivesTheSameFeatures() throws IOException {
    ByteBuffer images = images(4, 2);
    try (Encoder opened = Encoder.open(save("model", 7))) {
      assertThat(opened.layers()).isEqualTo(untrained.layers());
      assertThat(opened.embed(images, 4, BOTH).get("embedding"))
          .isEqualTo(untrained.embed(images, 4, BOTH).get("embedding"));
    }
    try (Encoder other = Encoder.open(save("other", 8))) {
      assertThat(other.embed(images, 4, BOTH).get("embedding"))
          .isNotEqualTo(untrained.embed(images, 4, BOTH).get("embedding"));
    }
  }

  @Test
  void theSameWeightsGiveTheSameBytes() throws IOException {
    Path first = save("first", 7).resolve("saved_model.pb");
    Path second = save("second", 7).resolve("saved_model.pb");
    assertThat(first).hasSameBinaryContentAs(second);
  }

  @Test
  void anImageDoesNotChangeItsNeighboursFeatures() {
    ByteBuffer images = images(6, 3);
    float[] before = untrained.embed(images, 6, BOTH).get("pooled");
    images.put(5 * IMAGE_BYTES, (byte) (images.get(5 * IMAGE_BYTES) + 100));
    float[] after = untrained.embed(images, 6, BOTH).get("pooled");
    assertThat(Arrays.copyOf(after, 5 * 256)).isEqualTo(Arrays.copyOf(before, 5 * 256));
    assertThat(after).isNotEqualTo(before);
  }

  @Test
  void startsAtTheBuffersPosition() {
    ByteBuffer images = images(3, 4);
    float[] all = untrained.embed(images, 3, BOTH).get("pooled");
    images.position(IMAGE_BYTES);
    float[] rest = untrained.embed(images, 2, BOTH).get("pooled");
    assertThat(rest).isEqualTo(Arrays.copyOfRange(all, 256, 3 * 256));
    assertThat(images.position()).isEqualTo(IMAGE_BYTES);
  }

  @Test
  void callersSideBySideGetTheSameBits() throws Exception {
    ByteBuffer images = images(8, 5);
    Map<String, float[]> alone = untrained.embed(images, 8, BOTH);
    ExecutorService callers = Executors.newFixedThreadPool(4);
    try {
      List<Future<Map<String, float[]>>> calls = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        calls.add(callers.submit(() -> untrained.embed(images.duplicate(), 8, BOTH)));
      }
      for (Future<Map<String, float[]>> call : calls) {
        assertThat(call.get().get("embedding")).isEqualTo(alone.get("embedding"));
        assertThat(call.get().get("pooled")).isEqualTo(alone.get("pooled"));
      }
    } finally {
      callers.shutdownNow();
    }
  }

  /** A signature whose shapes are not those of the graph. */
  @Test
  void refusesASignatureThatIsNotTheGraphs() throws IOException {
    Path model = save("model", 7);
    Path file = model.resolve("saved_model.pb");
    SavedModel.Builder changed = SavedModel.parseFrom(Files.readAllBytes(file)).toBuilder();
    SignatureDef signature =
        changed.getMetaGraphs(0).getSignatureDefOrThrow(FrozenNetwork.SIGNATURE);
    TensorInfo shapeless =
        signature.getInputsOrThrow(FrozenNetwork.INPUT).toBuilder()
            .setTensorShape(TensorShapeProto.newBuilder().setUnknownRank(true))
            .build();
    changed
        .getMetaGraphsBuilder(0)
        .putSignatureDef(
            FrozenNetwork.SIGNATURE,
            signature.toBuilder().putInputs(FrozenNetwork.INPUT, shapeless).build());
    Files.write(file, changed.build().toByteArray());
    assertThatThrownBy(() -> Encoder.open(model))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(model + " is not a whole SavedModel");
  }

  @Test
  void namesWhatItCannotRead() throws IOException {
    assertThatThrownBy(() -> Encoder.open(directory))
        .hasMessage(directory + " is not a SavedModel's directory");
    Files.writeString(directory.resolve("saved_model.pb"), "not a model");
    assertThatThrownBy(() -> Encoder.open(directory))
        .hasMessage(directory + " is not a whole SavedModel");
    assertThatThrownBy(() -> untrained.embed(images(1, 1), 2, BOTH))
        .hasMessage("the buffer has 768 bytes, 2 images have 1536");
    assertThatThrownBy(() -> untrained.embed(images(1, 1), 0, BOTH))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> untrained.embed(images(1, 1), 1, List.of("head")))
        .hasMessageStartingWith("there is no layer \"head\", valid are embedding, pooled,");
    Path model = save("model", 7);
    assertThatThrownBy(() -> save("model", 7)).hasMessageContaining(model.toString());
  }
}
