package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.TextFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.proto.artifact.v1.ColorJitter;
import org.kindred.proto.artifact.v1.HorizontalFlip;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.RandomResizedCrop;
import org.kindred.proto.artifact.v1.ViewRecipe;

final class MessageReaderTest {

  @Test
  void readsEveryKindOfField() {
    Message odd =
        read(
            """
            i32: -2147483648
            i64: -9223372036854775808
            u32: 4294967295
            u64: +18446744073709551615
            f32: 2.5e-1
            raw: AAE=
            sizes: [1, 9]
            tags: [true]
            weights: {-3: 0.5, 4: 1}
            inner: {must: '10'}
            must: no
            mode: fast
            leaves: {a: , b: {n: 7}}
            leaf:
            """,
            ForeignMessages.ODD);
    assertThat(TextFormat.printer().printToString(odd).replaceAll("\\s+", " "))
        .isEqualTo(
            "i32: -2147483648 i64: -9223372036854775808 u32: 4294967295"
                + " u64: 18446744073709551615 f32: 0.25 raw: \"\\000\\001\" sizes: 1 sizes: 9"
                + " tags: \"true\" weights { key: -3 value: 0.5 } weights { key: 4 value: 1.0 }"
                + " inner { must: \"10\" } must: \"no\" mode: RUN_MODE_FAST"
                + " leaves { key: \"a\" value { } } leaves { key: \"b\" value { n: 7 } }"
                + " leaf { } ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "i32: 2147483648|i32: 2147483648 is out of range, valid is -2147483648 to 2147483647",
        "u32: -1|u32: -1 is out of range, valid is 0 to 4294967295",
        "i64: 9223372036854775808|i64: 9223372036854775808 is out of range, valid is"
            + " -9223372036854775808 to 9223372036854775807",
        "u64: 18446744073709551616|u64: 18446744073709551616 is out of range, valid is"
            + " 0 to 18446744073709551615",
        "f32: 1e39|f32: 1e39 is not a 32-bit floating-point number",
        "f32: 1e-50|f32: 1e-50 is not a 32-bit floating-point number",
        "f32: .inf|f32: .inf is not a finite number",
        "f32: 1_0|f32: 1_0 is not a finite number",
        "raw: '*'|raw: \"*\" is not base64 text",
        "sizes: 3|sizes: 3 is not a list",
        "sizes: |sizes: has no value",
        "sizes: [1, 10]|sizes[1]: 10 is out of range, valid is 1 to 9",
        "sizes: [1, ]|",
        "tags: []|tags: 0 elements are out of range, valid is 1 to 2",
        "tags: [a, b, c]|tags: 3 elements are out of range, valid is 1 to 2",
        "weights: {1: 1, 2: 2, 3: 3}|weights: 3 elements are out of range, valid is at most 2",
        "weights: {a: 1}|weights.a: a is not a whole number",
        "weights: {1: a}|weights.1: a is not a finite number",
        "weights: [1]|weights: a list is not a mapping",
        "leaves: {a: {m: 1}}|leaves.a.m: unknown field; valid: n, on",
        "leaf: {on: 'true'}|leaf.on: \"true\" is not true or false",
        "mode: of|mode: of is not valid; did you mean \"off\"? valid: off, fast",
        "inner: {}|inner.must: is required",
        "inner: {must: ''}|inner.must: must not be empty",
      })
  void refuses(String line, String message) {
    if (message == null) {
      read("must: x\n" + line, ForeignMessages.ODD);
      return;
    }
    assertThatThrownBy(() -> read("must: x\n" + line, ForeignMessages.ODD))
        .isInstanceOf(ExperimentException.class)
        .hasMessage("x.yaml:2: " + message);
  }

  @Test
  void aMessageWithoutFieldsTakesNothing() {
    assertThat(read("", HorizontalFlip.getDefaultInstance()))
        .isEqualTo(HorizontalFlip.getDefaultInstance());
    assertThatThrownBy(() -> read("p: 1", HorizontalFlip.getDefaultInstance()))
        .hasMessage("x.yaml:1: p: unknown field; there are none here");
  }

  @Test
  void longTextIsCutInMessages() {
    assertThatThrownBy(
            () -> read("must: x\ni32: \"a\\n" + "b".repeat(200) + '"', ForeignMessages.ODD))
        .hasMessage("x.yaml:2: i32: \"a " + "b".repeat(78) + "...\" is not a whole number");
  }

  @Test
  void freeFormTakesAnything() {
    Message struct =
        read("{a: 1, b: '1', c: true, d: ~, e: [x, {f: -.5}], g: no}", Struct.getDefaultInstance());
    assertThat(CanonicalJson.of(struct))
        .isEqualTo(
            "{\"a\":1.0,\"b\":\"1\",\"c\":true,\"d\":null,\"e\":[\"x\",{\"f\":-0.5}],\"g\":\"no\"}");
    assertThatThrownBy(() -> read("a:\n  - {b: .inf}\n  - 1e999", Struct.getDefaultInstance()))
        .hasMessage(
            "x.yaml:2: a[0].b: .inf is not a finite number\n"
                + "x.yaml:3: a[1]: 1e999 is not a finite number");
  }

  @Property(tries = 200, seed = "1")
  void readsBackWhatIsWritten(@ForAll("recipes") ViewRecipe recipe) {
    assertThat(read(yaml(recipe), ViewRecipe.getDefaultInstance())).isEqualTo(recipe);
  }

  @Provide
  Arbitrary<ViewRecipe> recipes() {
    Arbitrary<Double> shares = Arbitraries.doubles().between(0, 1).ofScale(17);
    Arbitrary<Operation> crops =
        Combinators.combine(Arbitraries.integers().between(4, 1024), shares)
            .as(
                (size, share) ->
                    Operation.newBuilder()
                        .setRandomResizedCrop(
                            RandomResizedCrop.newBuilder().setSize(size).setMaxScale(1 - share / 2))
                        .build());
    Arbitrary<Operation> flips =
        shares.map(
            share ->
                Operation.newBuilder()
                    .setProbability(share)
                    .setHorizontalFlip(HorizontalFlip.getDefaultInstance())
                    .build());
    Arbitrary<Operation> jitters =
        shares.map(
            share ->
                Operation.newBuilder()
                    .setColorJitter(ColorJitter.newBuilder().setHue(share / 2))
                    .build());
    Arbitrary<Normalize> normalizes =
        Arbitraries.floats()
            .between(-10, 10)
            .ofScale(9)
            .map(mean -> Normalize.newBuilder().setMeanRed(mean).build());
    return Combinators.combine(Arbitraries.oneOf(crops, flips, jitters).list(), normalizes)
        .as(
            (operations, normalize) ->
                ViewRecipe.newBuilder()
                    .addAllOperations(operations)
                    .setNormalize(normalize)
                    .build());
  }

  /** Flow-style YAML of a message, by its descriptor. */
  private static String yaml(Message message) {
    List<String> fields = new ArrayList<>();
    message
        .getAllFields()
        .forEach(
            (field, value) -> {
              String text =
                  value instanceof List<?> list
                      ? list.stream().map(item -> yaml((Message) item)).toList().toString()
                      : value instanceof Message inner ? yaml(inner) : value.toString();
              fields.add(field.getName() + ": " + text);
            });
    return "{" + String.join(", ", fields) + "}";
  }

  private static Message read(String yaml, Message type) {
    Problems problems = new Problems();
    Message message =
        new MessageReader(problems, Path.of("/experiments"))
            .read(YamlParser.parse("x.yaml", yaml), type, "");
    problems.throwIfAny();
    return message;
  }
}
