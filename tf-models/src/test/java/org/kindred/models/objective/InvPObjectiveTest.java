package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvarianceBackground;
import org.kindred.proto.pipeline.v1.InvarianceForm;
import org.kindred.proto.pipeline.v1.InvarianceRamp;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PositiveChoice;
import org.kindred.proto.pipeline.v1.PositiveDiscovery;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;

/** The losses of InvP, in all forms. */
final class InvPObjectiveTest {

  private static final UnaryOperator<InvP.Builder> EXACT = UnaryOperator.identity();

  private static InvP.Builder reference(InvP.Builder config) {
    return config
        .setForm(InvarianceForm.INVARIANCE_FORM_REFERENCE)
        .setInvarianceBackground(InvarianceBackground.INVARIANCE_BACKGROUND_WITHOUT_SELF);
  }

  private static UnaryOperator<InvP.Builder> background(InvarianceBackground value) {
    return config -> config.setInvarianceBackground(value);
  }

  private static int[] neighbors() {
    return Golden.ints(
        Golden.only("invp_discovery", "chain_versus_KNN").expected().get("neighbours_sorted"));
  }

  private static InvPCase open(TestGraph graph, Golden golden, UnaryOperator<InvP.Builder> change) {
    return InvPCase.of(graph, golden, change).withNeighbors(neighbors());
  }

  private static void checkInvariance(
      Golden golden, UnaryOperator<InvP.Builder> change, JsonNode expected) {
    try (TestGraph graph = new TestGraph()) {
      InvPCase built = open(graph, golden, change);
      golden.check(new float[] {built.invariance()}, expected);
    }
  }

  static List<Golden> anchors() {
    return Golden.cases("invp_loss", "anchor");
  }

  @ParameterizedTest
  @MethodSource("anchors")
  void agreesWithTheGoldenTermsOfThePaper(Golden golden) {
    try (TestGraph graph = new TestGraph()) {
      InvPCase built = open(graph, golden, EXACT);
      Operand<TFloat32> instance = built.step().measure("instance_term");
      Operand<TFloat32> invariance = built.step().measure("invariance_term");
      List<float[]> got =
          graph.fetch(
              built.loss(),
              instance,
              invariance,
              graph.gradient(instance, built.features()),
              graph.gradient(invariance, built.features()),
              graph.gradient(built.loss(), built.features()),
              built.step().measure("positives"));
      JsonNode expected = golden.expected();
      golden.check(got.get(0), expected.get("total_exact"));
      golden.check(got.get(1), expected.get("terms").get("ins_paper"));
      golden.check(got.get(2), expected.get("terms").get("inv_exact_B"));
      golden.check(got.get(3), expected.get("grad").get("ins_paper"));
      golden.check(got.get(4), expected.get("grad").get("inv_exact_B"));
      for (int i = 0; i < 2; i++) {
        float both =
            got.get(3)[i] + (float) golden.inputs().get("lambda_inv").asDouble() * got.get(4)[i];
        assertThat(got.get(5)[i]).isEqualTo(both, within(1e-5f));
      }
      assertThat(got.get(6)[0]).isEqualTo(expected.get("positives").size());
    }
  }

  @ParameterizedTest
  @MethodSource("anchors")
  void agreesWithTheGoldenTermsOfTheReference(Golden golden) {
    try (TestGraph graph = new TestGraph()) {
      InvPCase built = open(graph, golden, InvPObjectiveTest::reference);
      JsonNode expected = golden.expected();
      golden.check(graph.fetch(built.loss()).get(0), expected.get("total_reference"));
      golden.check(new float[] {built.instance()}, expected.get("terms").get("ins_reference"));
      golden.check(
          new float[] {built.invariance()}, expected.get("terms").get("inv_approx_NM_minus_self"));
      golden.check(
          graph
              .fetch(graph.gradient(built.step().measure("invariance_term"), built.features()))
              .get(0),
          expected.get("grad").get("inv_approx_NM_minus_self"));
    }
  }

  @ParameterizedTest
  @MethodSource("anchors")
  void agreesWithTheGoldenBackgrounds(Golden golden) {
    JsonNode terms = golden.expected().get("terms");
    InvarianceBackground whole = InvarianceBackground.INVARIANCE_BACKGROUND_WHOLE;
    InvarianceBackground withoutSelf = InvarianceBackground.INVARIANCE_BACKGROUND_WITHOUT_SELF;
    checkInvariance(
        golden,
        config -> reference(config).setInvarianceBackground(whole),
        terms.get("inv_approx_NM"));
    // All that counts is among the nearest: the forms differ by the reference's 1e-7 alone.
    checkInvariance(golden, background(whole), terms.get("inv_approx_NM"));
    checkInvariance(golden, background(withoutSelf), terms.get("inv_approx_NM_minus_self"));
    checkInvariance(
        golden,
        config -> background(withoutSelf).apply(config).setBackground(0),
        terms.get("inv_all_negatives"));
    checkInvariance(
        golden, config -> reference(config).setBackground(12), terms.get("inv_all_negatives"));
  }

  @ParameterizedTest
  @MethodSource("anchors")
  void agreesWithTheGoldenChoicesOfPositives(Golden golden) {
    checkInvariance(
        golden,
        config -> config.setSelection(PositiveChoice.POSITIVE_CHOICE_ALL).clearHardPositives(),
        golden.expected().get("inv_all_positives"));
    checkInvariance(
        golden,
        config -> config.setSelection(PositiveChoice.POSITIVE_CHOICE_EASY),
        golden.expected().get("inv_easy_positives"));
    checkInvariance(
        golden,
        config -> reference(config).setDiscovery(PositiveDiscovery.POSITIVE_DISCOVERY_WALKS),
        golden.expected().get("inv_concat_duplicates"));
  }

  @ParameterizedTest
  @MethodSource("anchors")
  void movesTheOwnRowAfterTheLoss(Golden golden) {
    try (TestGraph graph = new TestGraph()) {
      InvPCase built = InvPCase.of(graph, golden, EXACT);
      List<Op> updates = built.step().updates();
      built.withNeighbors(neighbors());
      float[] before =
          graph.fetch(graph.variables().get(TrainingObjective.MEMORY_BANK).value()).get(0);
      graph.run(updates);
      float[] after =
          graph.fetch(graph.variables().get(TrainingObjective.MEMORY_BANK).value()).get(0);
      int row = 2 * golden.inputs().get("anchor").asInt();
      golden.check(
          Arrays.copyOfRange(after, row, row + 2), golden.expected().get("bank_row_after"));
      after[row] = before[row];
      after[row + 1] = before[row + 1];
      assertThat(after).isEqualTo(before);
    }
  }

  @Test
  void theOwnRowMayBeFarAway() {
    Golden golden = Golden.only("invp_loss", "self_outside_top_M");
    try (TestGraph graph = new TestGraph()) {
      InvPCase built = open(graph, golden, EXACT);
      golden.check(new float[] {built.instance()}, golden.expected().get("ins_paper"));
      golden.check(new float[] {built.invariance()}, golden.expected().get("inv_exact_B"));
    }
    try (TestGraph graph = new TestGraph()) {
      InvPCase built = open(graph, golden, InvPObjectiveTest::reference);
      golden.check(new float[] {built.instance()}, golden.expected().get("ins_reference"));
      // The reference takes e_i from a sum that it is not in; the positives outside exceed it.
      assertThat(built.invariance()).isFinite();
    }
    JsonNode union = golden.expected().get("inv_NM_union_hard_no_self");
    checkInvariance(
        golden, background(InvarianceBackground.INVARIANCE_BACKGROUND_WITHOUT_SELF), union);
    checkInvariance(golden, background(InvarianceBackground.INVARIANCE_BACKGROUND_WHOLE), union);
  }

  @Test
  void agreesWithTheGoldenRamps() {
    Golden golden = Golden.only("invp_loss", "ramp");
    int[] epochs = Golden.ints(golden.inputs().get("epochs"));
    checkRamp(golden, InvarianceRamp.INVARIANCE_RAMP_STEP, epochs, "binary");
    checkRamp(golden, InvarianceRamp.INVARIANCE_RAMP_GAUSSIAN, epochs, "gaussian");
  }

  private static void checkRamp(Golden golden, InvarianceRamp ramp, int[] epochs, String expected) {
    try (TestGraph graph = new TestGraph()) {
      InvP config =
          InvP.newBuilder().setRamp(ramp).setStartEpoch(golden.inputs().get("T").asInt()).build();
      Operand<TFloat32> omega =
          graph
              .tf()
              .math
              .mul(
                  new InvPObjective(config).ramp(graph.tf(), graph.epoch()),
                  graph.tf().constant(1f));
      for (int i = 0; i < epochs.length; i++) {
        // Here epochs count from 0.
        graph.at(0, epochs[i] - 1);
        golden.check(graph.fetch(omega).get(0), golden.expected().get(expected).get(i));
      }
    }
  }

  @Test
  void theInvarianceTermCountsFromItsEpochOn() {
    Golden golden = Golden.only("invp_loss", "anchor0_l3_P2");
    for (boolean constant : new boolean[] {false, true}) {
      try (TestGraph graph = new TestGraph()) {
        InvPCase built =
            open(
                graph,
                golden,
                constant
                    ? config -> config.setRamp(InvarianceRamp.INVARIANCE_RAMP_CONSTANT)
                    : EXACT);
        double total = golden.expected().get("total_exact").asDouble();
        double instance = golden.expected().get("terms").get("ins_paper").asDouble();
        graph.at(0, 29);
        assertThat((double) graph.fetch(built.loss()).get(0)[0])
            .isCloseTo(constant ? total : instance, within(1e-4));
        graph.at(0, 30);
        assertThat((double) graph.fetch(built.loss()).get(0)[0]).isCloseTo(total, within(1e-4));
      }
    }
  }

  @Test
  void withoutItsSecondTermAndWithAllRowsItIsInstDisc() {
    float[] bank = Banks.circle(0, 8, 16, 24, 32, 40, 48, -30, -35, -40, 120, 180);
    float[] features = Banks.circle(3, 120, -50);
    int[] rows = {0, 7, 11};
    List<float[]> instDisc;
    try (TestGraph graph = new TestGraph()) {
      Banks.declare(graph, bank, 12);
      Operand<TFloat32> embeddings = graph.constant(features, 3, 2);
      Operand<TFloat32> loss =
          new TestStep(graph, embeddings, rows, 12)
              .loss(
                  Objectives.create(
                      Objective.newBuilder()
                          .setInstdisc(InstDisc.newBuilder().setTemperature(0.2))
                          .build()));
      Operand<TFloat32> gradient = graph.gradient(loss, embeddings);
      graph.initialize(1);
      instDisc = graph.fetch(loss, gradient);
    }
    for (int background : new int[] {0, 12, 4096}) {
      try (TestGraph graph = new TestGraph()) {
        InvPCase built =
            InvPCase.of(
                graph,
                bank,
                features,
                rows,
                config -> config.setInvarianceWeight(0).setBackground(background));
        graph.initialize(1);
        List<float[]> got =
            graph.fetch(built.loss(), graph.gradient(built.loss(), built.features()));
        assertThat(got.get(0)[0]).isEqualTo(instDisc.get(0)[0], within(1e-5f));
        assertThat(got.get(1)).containsExactly(instDisc.get(1), within(1e-5f));
        assertThat(built.step().step().tables()).isEmpty();
        assertThat(built.step().step().deliveries()).isEmpty();
      }
    }
  }

  @Test
  void ofOneHopAndAllRowsItIsTheShareOfTheNeighboursInTheRest() {
    double[] angles = {0, 8, 16, 24, 32, 40, 48, -30, -35, -40, 120, 180};
    int[] neighbors = neighbors();
    int anchor = 3;
    double[] e = new double[12];
    double rest = 0;
    for (int row = 0; row < 12; row++) {
      e[row] = Math.exp(Math.cos(Math.toRadians(angles[row] - 27)) / 0.2);
      rest += row == anchor ? 0 : e[row];
    }
    double expected = -Math.log((e[neighbors[2 * anchor]] + e[neighbors[2 * anchor + 1]]) / rest);
    for (InvarianceBackground background :
        List.of(
            InvarianceBackground.INVARIANCE_BACKGROUND_EXACT,
            InvarianceBackground.INVARIANCE_BACKGROUND_WITHOUT_SELF)) {
      try (TestGraph graph = new TestGraph()) {
        InvPCase built =
            InvPCase.of(
                    graph,
                    Banks.circle(angles),
                    Banks.circle(27),
                    new int[] {anchor},
                    config ->
                        config
                            .setK(2)
                            .setHops(1)
                            .setHardPositives(2)
                            .setBackground(0)
                            .setInvarianceBackground(background))
                .withNeighbors(neighbors);
        assertThat((double) built.invariance()).isCloseTo(expected, within(1e-5));
      }
    }
  }

  @Test
  void namesWhatMeansNothing() {
    assertThatThrownBy(() -> InvPCase.objective(config -> config.setTemperature(0)))
        .hasMessage("invp.temperature is 0.0, valid is above 0");
    assertThatThrownBy(
            () ->
                InvPCase.objective(
                    config -> config.setForm(InvarianceForm.INVARIANCE_FORM_REFERENCE)))
        .hasMessage(
            "invp.invariance_background is exact, valid with invp.form = reference are"
                + " without_self and whole");
    assertThatThrownBy(
            () ->
                InvPCase.objective(
                    config -> config.setDiscovery(PositiveDiscovery.POSITIVE_DISCOVERY_WALKS)))
        .hasMessage("invp.discovery is walks, valid with invp.form = log_softmax is breadth_first");
    assertThatThrownBy(() -> InvPCase.objective(config -> config.setNearest(5)))
        .hasMessage(
            "invp.nearest is 5, valid with invp.positives = graph, which does not read it, is its"
                + " default, 84");
    assertThatThrownBy(
            () -> InvPCase.objective(config -> config.setFromPositiveSet(true).setHops(2)))
        .hasMessage(
            "invp.hops is 2, valid with invp.from_positive_set, which does not read it, is its"
                + " default, 3");
    assertThatThrownBy(
            () ->
                InvPCase.objective(
                    config -> config.setRamp(InvarianceRamp.INVARIANCE_RAMP_UNSPECIFIED)))
        .hasMessage("invp.ramp is not set");
  }
}
