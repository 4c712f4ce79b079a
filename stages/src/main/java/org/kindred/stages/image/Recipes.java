package org.kindred.stages.image;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.kindred.models.objective.Crop;
import org.kindred.proto.artifact.v1.CenterCrop;
import org.kindred.proto.artifact.v1.ColorJitter;
import org.kindred.proto.artifact.v1.GaussianBlur;
import org.kindred.proto.artifact.v1.Grayscale;
import org.kindred.proto.artifact.v1.HorizontalFlip;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.RandomCrop;
import org.kindred.proto.artifact.v1.RandomResizedCrop;
import org.kindred.proto.artifact.v1.ResizeShorterSide;
import org.kindred.proto.artifact.v1.ResizeSquare;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.pipeline.v1.RecipeConfig;

/**
 * The recipes that the papers used, by name, and the resolving of a configured recipe.
 *
 * <table>
 *   <caption>Presets; s is the size, all crops are resized to s x s</caption>
 *   <tr><th>name<th>used by<th>s<th>operations
 *   <tr><td>A-cifar-id<td>InstDisc, InvP on CIFAR<td>32
 *     <td>crop of 0.2 to 1, jitter (0.4, 0.4, 0.4, 0.4), grey 0.2
 *   <tr><td>A-cifar-is<td>InvaSpread on CIFAR and STL<td>32
 *     <td>crop of 0.2 to 1, jitter (0.4, 0.4, 0.4, 0.4), grey 0.2, flip 0.5
 *   <tr><td>A-in-v1<td>InstDisc, MoCo v1, PCL v1 on ImageNet<td>224
 *     <td>crop of 0.2 to 1, grey 0.2, jitter (0.4, 0.4, 0.4, 0.4), flip 0.5
 *   <tr><td>A-in-v2<td>InvP, MoCo v2, PCL v2 on ImageNet<td>224
 *     <td>crop of 0.2 to 1, jitter (0.4, 0.4, 0.4, 0.1) 0.8, grey 0.2, blur 0.5, flip 0.5
 *   <tr><td>A-swav<td>SwAV, one crop group<td>224
 *     <td>crop of 0.14 to 1, flip 0.5, jitter (0.8, 0.8, 0.8, 0.2) 0.8, grey 0.2, blur 0.5
 *   <tr><td>A-cifar-simclr<td>SimCLR on CIFAR<td>32
 *     <td>crop of 0.08 to 1, flip 0.5, jitter (0.4, 0.4, 0.4, 0.1) 0.8, grey 0.2
 *   <tr><td>A-cifar-swav<td>SwAV on CIFAR<td>32
 *     <td>crop of 0.08 to 1, flip 0.5, jitter (0.8, 0.8, 0.8, 0.2) 0.8, grey 0.2
 *   <tr><td>A-ml<td>metric learning (CUB, Cars, Products)<td>224
 *     <td>resize to 256 x 256, crop of s at a random place, flip 0.5
 *   <tr><td>none<td>training without augmentation<td>32<td>resize of the shorter side to s, centre
 *     crop of s; a source of s x s passes unchanged
 *   <tr><td>test<td>evaluation<td>32<td>as none
 *   <tr><td>test-in<td>evaluation on ImageNet<td>224
 *     <td>resize of the shorter side to 256, centre crop of s
 *   <tr><td>test-ml<td>evaluation of A-ml<td>224<td>resize to 256 x 256, centre crop of s
 * </table>
 *
 * <p>A number behind an operation is its probability; jitter is (brightness, contrast, saturation,
 * hue). Recipes of 224 pixels normalise with the mean and standard deviation of ImageNet, all
 * others with those of CIFAR-10 that the references use. Where s is configured, a resize before a
 * crop keeps its ratio to it.
 */
public final class Recipes {

  private static final Normalize CIFAR = Normalize.getDefaultInstance();
  private static final Normalize IMAGENET =
      Normalize.newBuilder()
          .setMeanRed(0.485f)
          .setMeanGreen(0.456f)
          .setMeanBlue(0.406f)
          .setStdRed(0.229f)
          .setStdGreen(0.224f)
          .setStdBlue(0.225f)
          .build();

  private static final Map<String, ViewRecipe> PRESETS = presets();

  private Recipes() {}

  /** Returns the names of the presets, in the order of the table above. */
  public static List<String> names() {
    return List.copyOf(PRESETS.keySet());
  }

  /**
   * Resolves a configured recipe: a preset, with {@code size} and {@code min_scale} put in where
   * they are set and the operations of {@code leave_out} left out, or the recipe that the
   * configuration holds.
   *
   * @return the recipe with every field set; {@link ViewMaker} says whether it can be followed
   * @throws IllegalArgumentException if neither or both of {@code preset} and {@code recipe} are
   *     set, the preset is unknown, or {@code size}, {@code min_scale} or {@code leave_out} is out
   *     of range, is set without a preset, or is set where the preset has no operation that takes
   *     it
   */
  public static ViewRecipe resolve(RecipeConfig config) {
    boolean hasPreset = !config.getPreset().isEmpty();
    if (hasPreset == config.hasRecipe()) {
      throw new IllegalArgumentException(
          hasPreset
              ? "both preset and recipe are set, valid is one of them"
              : "neither preset nor recipe is set, valid is one of them");
    }
    if (!hasPreset && (config.hasSize() || config.hasMinScale() || config.getLeaveOutCount() > 0)) {
      throw new IllegalArgumentException(
          (config.hasSize() ? "size" : config.hasMinScale() ? "min_scale" : "leave_out")
              + " is set without a preset, which it changes");
    }
    ViewRecipe.Builder recipe =
        (hasPreset ? preset(config.getPreset()) : config.getRecipe()).toBuilder();
    if (config.hasSize()) {
      overrideSize(recipe, config.getSize());
    }
    if (config.hasMinScale()) {
      overrideMinScale(recipe, config.getPreset(), config.getMinScale());
    }
    for (String name : config.getLeaveOutList()) {
      leaveOut(recipe, config.getPreset(), name);
    }
    if (config.hasMinScale() && crops(recipe).isEmpty()) {
      throw new IllegalArgumentException(
          "min_scale is "
              + config.getMinScale()
              + ", which means nothing when leave_out names random_resized_crop");
    }
    setDefaults(recipe);
    return recipe.build();
  }

  private static ViewRecipe preset(String name) {
    ViewRecipe preset = PRESETS.get(name);
    if (preset == null) {
      throw new IllegalArgumentException(
          "preset is \"" + name + "\", valid is one of " + String.join(", ", names()));
    }
    return preset;
  }

  private static void overrideSize(ViewRecipe.Builder recipe, int size) {
    if (size < 4 || size > 1024) {
      throw new IllegalArgumentException("size is " + size + ", valid is 4 to 1024");
    }
    int before = new ViewMaker(recipe.build()).size();
    for (Operation.Builder operation : recipe.getOperationsBuilderList()) {
      switch (operation.getKindCase()) {
        case RANDOM_RESIZED_CROP -> operation.getRandomResizedCropBuilder().setSize(size);
        case CENTER_CROP -> operation.getCenterCropBuilder().setSize(size);
        case RANDOM_CROP -> operation.getRandomCropBuilder().setSize(size);
        case RESIZE_SHORTER_SIDE -> {
          ResizeShorterSide.Builder resize = operation.getResizeShorterSideBuilder();
          resize.setSize(inProportion(resize.getSize(), size, before));
        }
        case RESIZE_SQUARE -> {
          ResizeSquare.Builder resize = operation.getResizeSquareBuilder();
          resize.setSize(inProportion(resize.getSize(), size, before));
        }
        default -> {
          // The other operations keep the size.
        }
      }
    }
  }

  private static int inProportion(int resize, int size, int before) {
    return (int) Math.round((double) resize * size / before);
  }

  private static void overrideMinScale(ViewRecipe.Builder recipe, String preset, double minScale) {
    if (!(minScale > 0 && minScale <= 1)) {
      throw new IllegalArgumentException(
          "min_scale is " + minScale + ", valid is more than 0, to 1");
    }
    List<RandomResizedCrop.Builder> crops = crops(recipe);
    if (crops.isEmpty()) {
      throw new IllegalArgumentException(
          "min_scale is set, but the preset " + preset + " has no random crop");
    }
    crops.forEach(crop -> crop.setMinScale(minScale));
  }

  private static List<RandomResizedCrop.Builder> crops(ViewRecipe.Builder recipe) {
    return recipe.getOperationsBuilderList().stream()
        .filter(Operation.Builder::hasRandomResizedCrop)
        .map(Operation.Builder::getRandomResizedCropBuilder)
        .toList();
  }

  /** Removes the operations of a kind; where that fixed the size, the whole image is resized. */
  private static void leaveOut(ViewRecipe.Builder recipe, String preset, String name) {
    int size = new ViewMaker(recipe.build()).size();
    List<Operation> kept = new ArrayList<>();
    for (Operation operation : recipe.getOperationsList()) {
      if (!operation.getKindCase().name().equalsIgnoreCase(name)) {
        kept.add(operation);
      } else if (operation.hasRandomResizedCrop()) {
        kept.add(resize(size));
        kept.add(centerCrop(size));
      }
    }
    if (kept.equals(recipe.getOperationsList())) {
      throw new IllegalArgumentException(
          "leave_out names \"%s\", valid for the preset %s are %s"
              .formatted(
                  name,
                  preset,
                  recipe.getOperationsList().stream()
                      .map(operation -> operation.getKindCase().name().toLowerCase(Locale.ROOT))
                      .distinct()
                      .collect(Collectors.joining(", "))));
    }
    recipe.clearOperations().addAllOperations(kept);
  }

  /**
   * Returns a recipe with another random crop.
   *
   * @param recipe resolved
   * @param crop what differs
   * @throws IllegalArgumentException if a scale is to differ and the recipe has no random crop, or
   *     the smallest is greater than the largest
   */
  public static ViewRecipe cropped(ViewRecipe recipe, Crop crop) {
    if (crop.equals(Crop.OF_RECIPE)) {
      return recipe;
    }
    ViewRecipe.Builder changed = recipe.toBuilder();
    if (crop.side() != 0) {
      overrideSize(changed, crop.side());
    }
    if (crop.minScale() != 0 || crop.maxScale() != 0) {
      List<RandomResizedCrop.Builder> crops = crops(changed);
      if (crops.isEmpty()) {
        throw new IllegalArgumentException(
            "the scale of a crop is set, but the recipe has no random_resized_crop");
      }
      for (RandomResizedCrop.Builder changedCrop : crops) {
        if (crop.minScale() != 0) {
          changedCrop.setMinScale(crop.minScale());
        }
        if (crop.maxScale() != 0) {
          changedCrop.setMaxScale(crop.maxScale());
        }
      }
    }
    ViewRecipe cropped = changed.build();
    new ViewMaker(cropped);
    return cropped;
  }

  /** Sets every unset field of a message, and of the messages in it, to its default. */
  private static void setDefaults(Message.Builder message) {
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      boolean holdsMessage = field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
      if (field.isRepeated()) {
        for (int i = 0; holdsMessage && i < message.getRepeatedFieldCount(field); i++) {
          setDefaults(message.getRepeatedFieldBuilder(field, i));
        }
      } else if (holdsMessage) {
        if (message.hasField(field) || field.getContainingOneof() == null) {
          setDefaults(message.getFieldBuilder(field));
        }
      } else if (!message.hasField(field)) {
        message.setField(field, field.getDefaultValue());
      }
    }
  }

  private static Map<String, ViewRecipe> presets() {
    Operation flip = flip(0.5);
    Operation gray = grayscale(0.2);
    Operation blur = blur(0.5);
    Operation strong = jitter(1, 0.4, 0.4);
    Operation weakHue = jitter(0.8, 0.4, 0.1);
    Operation swav = jitter(0.8, 0.8, 0.2);
    Map<String, ViewRecipe> presets = new LinkedHashMap<>();
    presets.put("A-cifar-id", recipe(CIFAR, crop(32, 0.2), strong, gray));
    presets.put("A-cifar-is", recipe(CIFAR, crop(32, 0.2), strong, gray, flip));
    presets.put("A-in-v1", recipe(IMAGENET, crop(224, 0.2), gray, strong, flip));
    presets.put("A-in-v2", recipe(IMAGENET, crop(224, 0.2), weakHue, gray, blur, flip));
    presets.put("A-swav", recipe(IMAGENET, crop(224, 0.14), flip, swav, gray, blur));
    presets.put("A-cifar-simclr", recipe(CIFAR, crop(32, 0.08), flip, weakHue, gray));
    presets.put("A-cifar-swav", recipe(CIFAR, crop(32, 0.08), flip, swav, gray));
    presets.put("A-ml", recipe(IMAGENET, resizeSquare(256), randomCrop(224), flip));
    presets.put("none", recipe(CIFAR, resize(32), centerCrop(32)));
    presets.put("test", recipe(CIFAR, resize(32), centerCrop(32)));
    presets.put("test-in", recipe(IMAGENET, resize(256), centerCrop(224)));
    presets.put("test-ml", recipe(IMAGENET, resizeSquare(256), centerCrop(224)));
    return presets;
  }

  private static ViewRecipe recipe(Normalize normalize, Operation... operations) {
    return ViewRecipe.newBuilder()
        .addAllOperations(List.of(operations))
        .setNormalize(normalize)
        .build();
  }

  private static Operation crop(int size, double minScale) {
    return Operation.newBuilder()
        .setRandomResizedCrop(
            RandomResizedCrop.newBuilder().setSize(size).setMinScale(minScale).setMaxScale(1))
        .build();
  }

  private static Operation flip(double probability) {
    return Operation.newBuilder()
        .setProbability(probability)
        .setHorizontalFlip(HorizontalFlip.getDefaultInstance())
        .build();
  }

  /** Jitter with the same strength of brightness, contrast and saturation. */
  private static Operation jitter(double probability, double strength, double hue) {
    return Operation.newBuilder()
        .setProbability(probability)
        .setColorJitter(
            ColorJitter.newBuilder()
                .setBrightness(strength)
                .setContrast(strength)
                .setSaturation(strength)
                .setHue(hue))
        .build();
  }

  private static Operation grayscale(double probability) {
    return Operation.newBuilder()
        .setProbability(probability)
        .setGrayscale(Grayscale.getDefaultInstance())
        .build();
  }

  private static Operation blur(double probability) {
    return Operation.newBuilder()
        .setProbability(probability)
        .setGaussianBlur(GaussianBlur.newBuilder().setMinSigma(0.1).setMaxSigma(2))
        .build();
  }

  private static Operation resize(int size) {
    return Operation.newBuilder()
        .setResizeShorterSide(ResizeShorterSide.newBuilder().setSize(size))
        .build();
  }

  private static Operation centerCrop(int size) {
    return Operation.newBuilder().setCenterCrop(CenterCrop.newBuilder().setSize(size)).build();
  }

  private static Operation resizeSquare(int size) {
    return Operation.newBuilder().setResizeSquare(ResizeSquare.newBuilder().setSize(size)).build();
  }

  private static Operation randomCrop(int size) {
    return Operation.newBuilder().setRandomCrop(RandomCrop.newBuilder().setSize(size)).build();
  }
}
