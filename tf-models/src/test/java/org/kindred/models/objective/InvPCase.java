package org.kindred.models.objective;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** A loss of InvP on given embeddings, bank and graph. */
record InvPCase(
    TestGraph graph, TestStep step, Operand<TFloat32> features, Operand<TFloat32> loss) {

  /** The first epoch, counted from 0, in which the invariance term counts by default. */
  static final int FULL = 30;

  static TrainingObjective objective(UnaryOperator<InvP.Builder> change) {
    return Objectives.create(
        Objective.newBuilder().setInvp(change.apply(InvP.newBuilder())).build());
  }

  /**
   * Builds the loss.
   *
   * @param bank {@code [examples, dimension]}
   * @param features {@code [rows.length, dimension]}
   */
  static InvPCase of(
      TestGraph graph,
      float[] bank,
      float[] features,
      int[] rows,
      UnaryOperator<InvP.Builder> change) {
    return of(graph, bank, features, rows, Optional.empty(), change);
  }

  static InvPCase of(
      TestGraph graph,
      float[] bank,
      float[] features,
      int[] rows,
      Optional<PositiveLists> positives,
      UnaryOperator<InvP.Builder> change) {
    int dimension = features.length / rows.length;
    int examples = bank.length / dimension;
    Banks.declare(graph, bank, examples);
    Operand<TFloat32> embeddings = graph.constant(features, rows.length, dimension);
    TestStep step = new TestStep(graph, embeddings, rows, examples, 1, positives);
    Operand<TFloat32> loss = step.loss(objective(change));
    return new InvPCase(graph, step, embeddings, loss);
  }

  /** One anchor of a golden case: bank and feature lie on the circle. */
  static InvPCase of(TestGraph graph, Golden golden, UnaryOperator<InvP.Builder> change) {
    return of(
        graph,
        Banks.circle(Golden.doubles(golden.inputs().get("bank_angles"))),
        Banks.circle(golden.inputs().get("feature_angle").asDouble()),
        new int[] {golden.inputs().get("anchor").asInt()},
        config ->
            change.apply(
                config
                    .setTemperature(golden.inputs().get("tau").asDouble())
                    .setK(golden.inputs().get("k").asInt())
                    .setHops(golden.inputs().get("l").asInt())
                    .setHardPositives(golden.inputs().get("P").asInt())
                    .setBackground(golden.inputs().get("M").asInt())));
  }

  /** Sets the graph and has the host's lookups filled. */
  InvPCase withNeighbors(int... neighbors) {
    IntTable table = step.step().tables().get(TrainingObjective.NEIGHBORS);
    System.arraycopy(neighbors, 0, table.values(), 0, table.values().length);
    return ready(FULL);
  }

  /** Has the lookups filled for an epoch, counted from 0. */
  InvPCase ready(int epoch) {
    graph.initialize(1);
    graph.at(0, epoch);
    step.fillLookups(epoch);
    return this;
  }

  float instance() {
    return graph.fetch(step.measure("instance_term")).get(0)[0];
  }

  float invariance() {
    return graph.fetch(step.measure("invariance_term")).get(0)[0];
  }
}
