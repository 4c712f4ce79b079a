package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;

final class DefaultsTest {

  static Collection<Message> configs() {
    return TestStages.CONFIGS.values();
  }

  @ParameterizedTest
  @MethodSource("configs")
  void resolvingTwiceChangesNothing(Message config) {
    Message resolved = Defaults.resolve(config);
    assertThat(Defaults.resolve(resolved)).isEqualTo(resolved);
  }

  @ParameterizedTest
  @MethodSource("configs")
  void everyDeclaredDefaultIsSetAndValid(Message config) {
    Message resolved = Defaults.resolve(config);
    for (FieldDescriptor field : resolved.getDescriptorForType().getFields()) {
      assertThat(
              field.isRepeated()
                  || resolved.hasField(field)
                  || MessageReader.isRequired(field)
                  || field.getRealContainingOneof() != null)
          .as(field.getFullName())
          .isTrue();
    }
    assertDefaultsInRange(config.getDescriptorForType(), new HashSet<>());
  }

  private static void assertDefaultsInRange(Descriptor type, Set<Descriptor> seen) {
    if (!seen.add(type)) {
      return;
    }
    for (FieldDescriptor field : type.getFields()) {
      if (field.getJavaType() == JavaType.MESSAGE) {
        assertDefaultsInRange(field.getMessageType(), seen);
      } else if (field.hasDefaultValue() && field.getDefaultValue() instanceof Number number) {
        assertThat(Interval.declaredBy(field).contains(new BigDecimal(number.toString())))
            .as(field.getFullName())
            .isTrue();
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|{k: 10}",
        "{}|{metric: cosine, tile_rows: 0}",
        "{}|{features: }",
        "{}|{features: {source: learned}}",
        "{k: 7}|{k: 7, split: train, features: {layer: embedding}}",
      })
  void leavingOutAndWritingTheDefaultAreTheSame(String left, String right) {
    assertThat(CanonicalJson.of(graph(left))).isEqualTo(CanonicalJson.of(graph(right)));
  }

  /** The reuse key of a step is made of its configuration's canonical text. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "layers: [embedding]",
        "standardize: false",
        "epochs: 99",
        "batch_size: 255",
        "learning_rate: 0.02",
        "schedule: {preset: invp_cosine}",
        "momentum: 0.8",
        "weight_decay: 0.001",
        "seed: 1",
      })
  void everyFieldOfALinearProbeCounts(String field) {
    String probed = evaluate("{linear_probe: {}}");
    assertThat(evaluate("{linear_probe: {" + field + "}}")).isNotEqualTo(probed);
    assertThat(evaluate("{linear_probe: {epochs: 100, batch_size: 256}}")).isEqualTo(probed);
    assertThat(evaluate("{}")).isNotEqualTo(probed);
  }

  private static String evaluate(String config) {
    String yaml = "{name: a, steps: [{stage: evaluate, config: " + config + "}]}";
    return CanonicalJson.of(TestStages.read(yaml).steps().get(0).config());
  }

  private static GraphConfig graph(String config) {
    String yaml = "{name: a, steps: [{stage: graph, config: " + config + "}]}";
    return (GraphConfig) TestStages.read(yaml).steps().get(0).config();
  }

  @Test
  void whatHasNoDefaultStaysUnset() {
    AugmentConfig augment = (AugmentConfig) Defaults.resolve(AugmentConfig.getDefaultInstance());
    assertThat(augment.hasViews()).as("required").isFalse();

    RecipeConfig views = RecipeConfig.newBuilder().setPreset("test").build();
    assertThat(Defaults.resolve(views)).isEqualTo(views);
  }

  @Test
  void membersOfAOneofAreResolvedOnlyWhenSet() {
    PretrainConfig.Builder config = PretrainConfig.newBuilder();
    config.getObjectiveBuilder().getInvaspreadBuilder();
    PretrainConfig resolved = (PretrainConfig) Defaults.resolve(config.build());
    assertThat(resolved.getObjective().getInvaspread().hasTemperature()).isTrue();
    assertThat(resolved.getObjective().hasInstdisc()).isFalse();
    assertThat(resolved.hasSchedule()).isTrue();
    assertThat(resolved.getSchedule().hasPreset()).isFalse();
    assertThat(resolved.getOptimizer().hasMomentum()).isTrue();
    assertThat(resolved.getOptimizer().hasLarc()).isFalse();

    EvaluateConfig.Builder evaluation = EvaluateConfig.newBuilder();
    assertThat(((EvaluateConfig) Defaults.resolve(evaluation.build())).hasLinearProbe()).isFalse();
    evaluation.getLinearProbeBuilder();
    EvaluateConfig probed = (EvaluateConfig) Defaults.resolve(evaluation.build());
    assertThat(probed.getLinearProbe().hasEpochs()).isTrue();
    assertThat(probed.getLinearProbe().getSchedule().hasCosine()).isFalse();
  }

  @Test
  void elementsOfListsAreResolved() {
    ViewRecipe recipe =
        ViewRecipe.newBuilder().addOperations(Operation.getDefaultInstance()).build();
    ViewRecipe resolved = (ViewRecipe) Defaults.resolve(recipe);
    assertThat(resolved.getOperations(0).hasProbability()).isTrue();
    assertThat(resolved.getNormalize().hasStdBlue()).isTrue();
  }

  @Test
  void foreignMessagesAreResolvedByTheSameRules() throws TextFormat.ParseException {
    Message.Builder odd = ForeignMessages.ODD.newBuilderForType();
    TextFormat.merge("inner { must: 'x' } must: 'y' leaves { key: 'a' value { n: 7 } }", odd);
    Message.Builder expected = ForeignMessages.ODD.newBuilderForType();
    TextFormat.merge(
        """
        inner { must: 'x' leaf { n: 5 on: true } }
        must: 'y'
        leaves { key: 'a' value { n: 7 on: true } }
        leaf { n: 5 on: true }
        """,
        expected);
    assertThat(Defaults.resolve(odd.build())).isEqualTo(expected.build());
  }

  @Test
  void aTypeInsideItselfIsNotFilledIn() {
    Message resolved = Defaults.resolve(ForeignMessages.ENDLESS);
    assertThat(TextFormat.printer().emittingSingleLine(true).printToString(resolved))
        .isEqualTo("n: 5");
  }
}
