package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.proto.artifact.v1.HorizontalFlip;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.RandomResizedCrop;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.pipeline.v1.RecipeConfig;

class RecipesTest {

  static List<String> names() {
    return Recipes.names();
  }

  @Test
  void listsThePresets() {
    assertThat(Recipes.names())
        .containsExactly(
            "A-cifar-id",
            "A-cifar-is",
            "A-in-v1",
            "A-in-v2",
            "A-swav",
            "A-cifar-simclr",
            "A-cifar-swav",
            "A-ml",
            "none",
            "test",
            "test-in",
            "test-ml");
  }

  /** Each number of each operation, in the order of the message's fields. */
  @ParameterizedTest
  @CsvSource({
    "A-cifar-id, 32, crop 32 0.2 1 0.75 1.3333 | jitter 0.4 0.4 0.4 0.4 | gray x0.2",
    "A-cifar-is, 32, crop 32 0.2 1 0.75 1.3333 | jitter 0.4 0.4 0.4 0.4 | gray x0.2 | flip x0.5",
    "A-in-v1, 224, crop 224 0.2 1 0.75 1.3333 | gray x0.2 | jitter 0.4 0.4 0.4 0.4 | flip x0.5",
    "A-in-v2, 224, crop 224 0.2 1 0.75 1.3333 | jitter 0.4 0.4 0.4 0.1 x0.8 | gray x0.2"
        + " | blur 0.1 2 x0.5 | flip x0.5",
    "A-swav, 224, crop 224 0.14 1 0.75 1.3333 | flip x0.5 | jitter 0.8 0.8 0.8 0.2 x0.8"
        + " | gray x0.2 | blur 0.1 2 x0.5",
    "A-cifar-simclr, 32, crop 32 0.08 1 0.75 1.3333 | flip x0.5 | jitter 0.4 0.4 0.4 0.1 x0.8"
        + " | gray x0.2",
    "A-cifar-swav, 32, crop 32 0.08 1 0.75 1.3333 | flip x0.5 | jitter 0.8 0.8 0.8 0.2 x0.8"
        + " | gray x0.2",
    "A-ml, 224, square 256 | random 224 | flip x0.5",
    "none, 32, resize 32 | center 32",
    "test, 32, resize 32 | center 32",
    "test-in, 224, resize 256 | center 224",
    "test-ml, 224, square 256 | center 224",
  })
  void presetsAreThoseOfThePapers(String preset, int size, String operations) {
    ViewRecipe recipe = Recipes.resolve(config(preset).build());

    assertThat(recipe.getOperationsList().stream().map(RecipesTest::describe))
        .containsExactly(operations.split(" \\| ", -1));
    assertThat(new ViewMaker(recipe).size()).isEqualTo(size);
    assertThat(recipe.getNormalize())
        .isEqualTo(
            size == 224
                ? normalize(0.485f, 0.456f, 0.406f, 0.229f, 0.224f, 0.225f)
                : normalize(0.4914f, 0.4822f, 0.4465f, 0.2023f, 0.1994f, 0.2010f));
  }

  private static Normalize normalize(float... values) {
    return Normalize.newBuilder()
        .setMeanRed(values[0])
        .setMeanGreen(values[1])
        .setMeanBlue(values[2])
        .setStdRed(values[3])
        .setStdGreen(values[4])
        .setStdBlue(values[5])
        .build();
  }

  @ParameterizedTest
  @MethodSource("names")
  void setsEveryField(String preset) {
    assertEveryFieldIsSet(Recipes.resolve(config(preset).build()));
  }

  @Test
  void setsEveryFieldOfAnOwnRecipe() {
    ViewRecipe own =
        ViewRecipe.newBuilder()
            .addOperations(
                Operation.newBuilder()
                    .setRandomResizedCrop(RandomResizedCrop.newBuilder().setSize(20)))
            .addOperations(
                Operation.newBuilder().setHorizontalFlip(HorizontalFlip.getDefaultInstance()))
            .build();

    ViewRecipe resolved = Recipes.resolve(RecipeConfig.newBuilder().setRecipe(own).build());

    assertEveryFieldIsSet(resolved);
    assertThat(resolved.getOperations(0).getRandomResizedCrop().getSize()).isEqualTo(20);
    assertThat(resolved.getOperations(0).getRandomResizedCrop().getMinScale()).isEqualTo(0.2);
    assertThat(resolved.getOperations(1).getProbability()).isEqualTo(1);
    assertThat(resolved.getNormalize().getStdBlue()).isEqualTo(0.2010f);
  }

  @Test
  void overridesSizeAndScale() {
    RandomResizedCrop crop =
        Recipes.resolve(config("A-swav").setSize(96).setMinScale(0.05).build())
            .getOperations(0)
            .getRandomResizedCrop();

    assertThat(crop.getSize()).isEqualTo(96);
    assertThat(crop.getMinScale()).isEqualTo(0.05);
    assertThat(resolved("test", 64)).containsExactly("resize 64", "center 64");
    assertThat(resolved("test-in", 448)).containsExactly("resize 512", "center 448");
    assertThat(resolved("A-ml", 112)).containsExactly("square 128", "random 112", "flip x0.5");
  }

  private static Stream<String> resolved(String preset, int size) {
    ViewRecipe recipe = Recipes.resolve(config(preset).setSize(size).build());
    return recipe.getOperationsList().stream().map(RecipesTest::describe);
  }

  @Test
  void refusesWhatCannotBeResolved() {
    ViewRecipe own = Recipes.resolve(config("none").build());
    assertRefused(
        config("A-cifar"),
        "preset is \"A-cifar\", valid is one of A-cifar-id, A-cifar-is, A-in-v1, A-in-v2, A-swav,"
            + " A-cifar-simclr, A-cifar-swav, A-ml, none, test, test-in, test-ml");
    assertRefused(
        RecipeConfig.newBuilder(), "neither preset nor recipe is set, valid is one of them");
    assertRefused(
        config("none").setRecipe(own), "both preset and recipe are set, valid is one of them");
    assertRefused(
        RecipeConfig.newBuilder().setRecipe(own).setSize(32),
        "size is set without a preset, which it changes");
    assertRefused(
        RecipeConfig.newBuilder().setRecipe(own).setMinScale(0.1),
        "min_scale is set without a preset, which it changes");
    assertRefused(
        config("test").setMinScale(0.1),
        "min_scale is set, but the preset test has no random crop");
    assertRefused(
        config("A-in-v2").setMinScale(0.1).addLeaveOut("random_resized_crop"),
        "min_scale is 0.1, which means nothing when leave_out names random_resized_crop");
    assertRefused(config("A-in-v2").setSize(2000), "size is 2000, valid is 4 to 1024");
    assertRefused(
        config("A-in-v2").setMinScale(1.5), "min_scale is 1.5, valid is more than 0, to 1");
  }

  private static RecipeConfig.Builder config(String preset) {
    return RecipeConfig.newBuilder().setPreset(preset);
  }

  private static void assertRefused(RecipeConfig.Builder config, String message) {
    assertThatThrownBy(() -> Recipes.resolve(config.build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private static void assertEveryFieldIsSet(Message message) {
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.isRepeated()) {
        assertThat(message.getRepeatedFieldCount(field)).as(field.getFullName()).isPositive();
        for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
          assertEveryFieldIsSet((Message) message.getRepeatedField(field, i));
        }
      } else if (field.getContainingOneof() == null) {
        assertThat(message.hasField(field)).as(field.getFullName()).isTrue();
      }
      if (!field.isRepeated() && message.getField(field) instanceof Message child) {
        if (message.hasField(field)) {
          assertEveryFieldIsSet(child);
        }
      }
    }
  }

  private static String describe(Operation operation) {
    String[] names = {
      "crop", "flip", "jitter", "gray", "blur", "resize", "center", "square", "random"
    };
    StringBuilder text = new StringBuilder(names[operation.getKindCase().getNumber() - 2]);
    Message kind =
        (Message)
            operation.getField(
                Operation.getDescriptor().findFieldByNumber(operation.getKindCase().getNumber()));
    for (FieldDescriptor field : kind.getDescriptorForType().getFields()) {
      text.append(' ').append(number(((Number) kind.getField(field)).doubleValue()));
    }
    if (operation.getProbability() != 1) {
      text.append(" x").append(number(operation.getProbability()));
    }
    return text.toString();
  }

  private static String number(double value) {
    return new DecimalFormat("0.####", DecimalFormatSymbols.getInstance(Locale.ROOT)).format(value);
  }
}
