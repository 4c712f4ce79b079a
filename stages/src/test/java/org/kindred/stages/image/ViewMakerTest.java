package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.kindred.proto.artifact.v1.CenterCrop;
import org.kindred.proto.artifact.v1.ColorJitter;
import org.kindred.proto.artifact.v1.GaussianBlur;
import org.kindred.proto.artifact.v1.Grayscale;
import org.kindred.proto.artifact.v1.HorizontalFlip;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.RandomResizedCrop;
import org.kindred.proto.artifact.v1.ResizeShorterSide;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.pipeline.v1.RecipeConfig;

class ViewMakerTest {

  private static final Operation FLIP =
      Operation.newBuilder()
          .setProbability(0.5)
          .setHorizontalFlip(HorizontalFlip.getDefaultInstance())
          .build();

  @Provide
  static Arbitrary<String> presets() {
    return Arbitraries.of(Recipes.names());
  }

  @Property(tries = 100, seed = "1")
  void aViewDependsOnItsCoordinatesOnly(
      @ForAll("presets") String preset,
      @ForAll @IntRange(min = 4, max = 40) int size,
      @ForAll @IntRange(min = 1, max = 50) int width,
      @ForAll @IntRange(min = 1, max = 50) int height,
      @ForAll long seed,
      @ForAll @IntRange(max = 1000) int epoch,
      @ForAll long id,
      @ForAll @IntRange(max = 255) int view) {
    ViewRecipe recipe = preset(preset, size);
    RgbImage image = TestImages.noise(width, height, 11);
    ViewMaker used = new ViewMaker(recipe);
    byte[] other = new byte[used.bytesPerView()];
    used.make(TestImages.noise(height + 3, width + 2, 12), ~seed, epoch, id + 1, view, other, 0);

    byte[] again = make(used, image, seed, epoch, id, view);

    assertThat(again)
        .hasSize(3 * size * size)
        .isEqualTo(make(new ViewMaker(recipe), image, seed, epoch, id, view));
  }

  @Test
  void everyCoordinateCounts() {
    ViewMaker maker = new ViewMaker(preset("A-cifar-is", 32));
    RgbImage image = TestImages.noise(32, 32, 1);

    List<byte[]> views =
        List.of(
            make(maker, image, 1, 2, 3, 4),
            make(maker, image, 0, 2, 3, 4),
            make(maker, image, 1, 0, 3, 4),
            make(maker, image, 1, 2, 0, 4),
            make(maker, image, 1, 2, 3, 0));

    assertThat(views.stream().map(Arrays::hashCode)).doesNotHaveDuplicates();
  }

  @Test
  void threadsMakeTheSameViews() throws Exception {
    ViewRecipe recipe = preset("A-in-v2", 24);
    List<RgbImage> images =
        IntStream.range(0, 40).mapToObj(i -> TestImages.noise(20 + i, 60 - i, i)).toList();
    ViewMaker sequential = new ViewMaker(recipe);
    List<byte[]> expected = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      expected.add(make(sequential, images.get(i), 5, 1, i, 0));
    }

    ThreadLocal<ViewMaker> makers = ThreadLocal.withInitial(() -> new ViewMaker(recipe));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<byte[]>> views = new ArrayList<>();
      for (int i = images.size() - 1; i >= 0; i--) {
        int id = i;
        views.add(0, threads.submit(() -> make(makers.get(), images.get(id), 5, 1, id, 0)));
      }
      for (int i = 0; i < images.size(); i++) {
        assertThat(views.get(i).get()).isEqualTo(expected.get(i));
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void writesNothingBesideItsView() {
    ViewMaker maker = new ViewMaker(preset("A-cifar-is", 8));
    RgbImage image = TestImages.noise(32, 32, 1);
    byte[] target = new byte[maker.bytesPerView() + 20];
    Arrays.fill(target, (byte) 99);

    maker.make(image, 1, 2, 3, 4, target, 7);

    assertThat(Arrays.copyOfRange(target, 7, 7 + maker.bytesPerView()))
        .isEqualTo(make(maker, image, 1, 2, 3, 4));
    assertThat(Arrays.copyOf(target, 7)).containsOnly(99);
    assertThat(Arrays.copyOfRange(target, 7 + maker.bytesPerView(), target.length))
        .containsOnly(99);
  }

  @Test
  void drawsDoNotDependOnTheImage() {
    ViewMaker maker = new ViewMaker(recipe(wholeImage(), FLIP));
    RgbImage square = halves(16, 16);
    RgbImage wide = halves(64, 16);
    for (int id = 0; id < 50; id++) {
      assertThat(isFlipped(make(maker, square, 1, 0, id, 0)))
          .isEqualTo(isFlipped(make(maker, wide, 1, 0, id, 0)));
    }
  }

  @Test
  void anOperationLeavesTheDrawsOfTheNextAlone() {
    for (double probability : new double[] {0, 0.5, 1}) {
      Operation jitter =
          Operation.newBuilder()
              .setProbability(probability)
              .setColorJitter(ColorJitter.newBuilder().setBrightness(0.2))
              .build();
      ViewMaker with = new ViewMaker(recipe(wholeImage(), jitter, FLIP));
      ViewMaker reference =
          new ViewMaker(recipe(wholeImage(), jitter.toBuilder().setProbability(0).build(), FLIP));
      for (int id = 0; id < 50; id++) {
        assertThat(isFlipped(make(with, halves(16, 16), 1, 0, id, 0)))
            .isEqualTo(isFlipped(make(reference, halves(16, 16), 1, 0, id, 0)));
      }
    }
  }

  @Test
  void actsAsOftenAsItsProbabilitySays() {
    Operation gray =
        Operation.newBuilder()
            .setProbability(0.2)
            .setGrayscale(Grayscale.getDefaultInstance())
            .build();
    ViewMaker maker = new ViewMaker(recipe(wholeImage(), gray, FLIP));
    int views = 4000;
    int flipped = 0;
    int grayed = 0;
    for (int id = 0; id < views; id++) {
      byte[] view = make(maker, halves(16, 16), 1, 0, id, 0);
      flipped += isFlipped(view) ? 1 : 0;
      grayed += view[0] == view[2] ? 1 : 0;
    }

    // Four standard deviations.
    assertThat(flipped / (double) views).isCloseTo(0.5, within(0.032));
    assertThat(grayed / (double) views).isCloseTo(0.2, within(0.026));
  }

  @Test
  void testPassesAnImageOfItsSizeUnchanged() {
    RgbImage image = TestImages.noise(32, 32, 1);
    for (String preset : List.of("none", "test")) {
      assertThat(make(new ViewMaker(preset(preset, 32)), image, 1, 2, 3, 4))
          .isEqualTo(image.pixels());
    }
  }

  @Test
  void testKeepsTheMiddleOfALongImage() {
    byte[] view = make(new ViewMaker(preset("test", 32)), thirds(96, 32), 1, 0, 0, 0);

    assertThat(view).isEqualTo(TestImages.plain(32, 32, 0, 255, 0).pixels());
  }

  @Test
  void testIsBoundedForAVeryLongImage() {
    byte[] view =
        make(new ViewMaker(preset("test", 224)), TestImages.plain(60_000, 1, 1, 2, 3), 1, 0, 0, 0);

    assertThat(view).isEqualTo(TestImages.plain(224, 224, 1, 2, 3).pixels());
  }

  @Test
  void knowsTheSmallestSource() {
    Operation crop =
        Operation.newBuilder().setCenterCrop(CenterCrop.newBuilder().setSize(20)).build();
    ViewMaker maker = new ViewMaker(recipe(FLIP, crop));

    assertThat(maker.size()).isEqualTo(20);
    assertThat(maker.minSourceSide()).isEqualTo(20);
    assertThat(make(maker, TestImages.noise(20, 31, 1), 1, 0, 0, 0)).hasSize(1200);
    assertThatThrownBy(() -> make(maker, TestImages.noise(19, 31, 1), 1, 0, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the image has 19 x 31 pixels, the recipe needs 20 or more on each side");
    assertThat(new ViewMaker(preset("test", 20)).minSourceSide()).isEqualTo(1);
  }

  @Test
  void tellsWhetherItDraws() {
    assertThat(Recipes.names())
        .allSatisfy(
            name ->
                assertThat(new ViewMaker(preset(name, 32)).isRandom())
                    .as(name)
                    .isEqualTo(name.startsWith("A-")));
    Operation crop =
        Operation.newBuilder().setCenterCrop(CenterCrop.newBuilder().setSize(20)).build();
    assertThat(new ViewMaker(recipe(FLIP, crop)).isRandom()).isTrue();
    for (double always : new double[] {0, 1}) {
      Operation flip = FLIP.toBuilder().setProbability(always).build();
      assertThat(new ViewMaker(recipe(flip, crop)).isRandom()).isFalse();
    }
  }

  @Test
  void refusesRecipesThatCannotBeFollowed() {
    Operation resize =
        Operation.newBuilder()
            .setResizeShorterSide(ResizeShorterSide.newBuilder().setSize(16))
            .build();
    Operation crop =
        Operation.newBuilder().setCenterCrop(CenterCrop.newBuilder().setSize(17)).build();
    assertRefused(
        "the recipe does not fix the size of a view: valid is a recipe with a"
            + " random_resized_crop, resize_square, center_crop or random_crop",
        FLIP,
        resize);
    assertRefused(
        "the recipe does not fix the size of a view: valid is a recipe with a"
            + " random_resized_crop, resize_square, center_crop or random_crop");
    assertRefused(
        "operations[1] (center_crop): size is 17, but the operations before leave a shorter side of"
            + " 16 pixels; valid is 16 or less",
        resize,
        crop);
    assertRefused(
        "operations[1] (random_resized_crop): probability is 0.5, valid is 1 for an operation that"
            + " fixes the size",
        FLIP,
        wholeImage().toBuilder().setProbability(0.5).build());
    assertRefused(
        "operations[1] (kind_not_set): the operation names no kind",
        wholeImage(),
        Operation.getDefaultInstance());
  }

  @Test
  void refusesParametersOutOfRange() {
    assertRefused(
        "operations[0] (horizontal_flip): probability is 1.5, valid is 0 to 1",
        FLIP.toBuilder().setProbability(1.5).build());
    assertRefused(
        "operations[0] (random_resized_crop): min_scale is 0.5 and max_scale is 0.4,"
            + " valid is 0 < min_scale <= max_scale <= 1.0",
        crop(RandomResizedCrop.newBuilder().setMinScale(0.5).setMaxScale(0.4)));
    assertRefused(
        "operations[0] (random_resized_crop): min_ratio is 0.0 and max_ratio is 1.0,"
            + " valid is 0 < min_ratio <= max_ratio",
        crop(RandomResizedCrop.newBuilder().setMinRatio(0).setMaxRatio(1)));
    assertRefused(
        "operations[0] (random_resized_crop): size is 0, valid is 1 to 8192",
        crop(RandomResizedCrop.newBuilder().setSize(0)));
    assertRefused(
        "operations[0] (gaussian_blur): min_sigma is 0.0 and max_sigma is 2.0,"
            + " valid is 0 < min_sigma <= max_sigma <= 1000.0",
        Operation.newBuilder().setGaussianBlur(GaussianBlur.newBuilder().setMinSigma(0)).build());
    assertRefused(
        "operations[0] (color_jitter): contrast is -1.0, valid is 0 or more",
        Operation.newBuilder().setColorJitter(ColorJitter.newBuilder().setContrast(-1)).build());
    assertRefused(
        "operations[0] (color_jitter): hue is 0.6, valid is 0 to 0.5",
        Operation.newBuilder().setColorJitter(ColorJitter.newBuilder().setHue(0.6)).build());
  }

  private static void assertRefused(String message, Operation... operations) {
    assertThatThrownBy(() -> new ViewMaker(recipe(operations)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private static byte[] make(
      ViewMaker maker, RgbImage image, long seed, int epoch, long id, int view) {
    byte[] target = new byte[maker.bytesPerView()];
    maker.make(image, seed, epoch, id, view, target, 0);
    return target;
  }

  private static ViewRecipe preset(String name, int size) {
    return Recipes.resolve(RecipeConfig.newBuilder().setPreset(name).setSize(size).build());
  }

  private static ViewRecipe recipe(Operation... operations) {
    return ViewRecipe.newBuilder().addAllOperations(List.of(operations)).build();
  }

  private static Operation crop(RandomResizedCrop.Builder crop) {
    return Operation.newBuilder().setRandomResizedCrop(crop).build();
  }

  /** A random crop that is the whole of a square image. */
  private static Operation wholeImage() {
    return crop(
        RandomResizedCrop.newBuilder()
            .setSize(16)
            .setMinScale(1)
            .setMaxScale(1)
            .setMinRatio(1)
            .setMaxRatio(1));
  }

  /** Dark blue on the left, light green on the right. */
  private static RgbImage halves(int width, int height) {
    byte[] pixels = new byte[3 * width * height];
    for (int i = 0; i < width * height; i++) {
      boolean left = i % width < width / 2;
      pixels[3 * i + 1] = (byte) (left ? 0 : 200);
      pixels[3 * i + 2] = (byte) (left ? 60 : 100);
    }
    return new RgbImage(width, height, pixels);
  }

  private static boolean isFlipped(byte[] view) {
    int left = view[1] & 0xFF;
    int right = view[3 * 15 + 1] & 0xFF;
    return left > right;
  }

  /** Red, green and blue, side by side. */
  private static RgbImage thirds(int width, int height) {
    byte[] pixels = new byte[3 * width * height];
    for (int i = 0; i < width * height; i++) {
      pixels[3 * i + i % width / (width / 3)] = (byte) 255;
    }
    return new RgbImage(width, height, pixels);
  }
}
