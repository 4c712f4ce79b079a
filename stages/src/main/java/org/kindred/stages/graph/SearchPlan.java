package org.kindred.stages.graph;

import java.util.Locale;
import java.util.Optional;
import org.kindred.models.neighbors.RowClusters;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.NeighborSearch;
import org.kindred.stages.StageContext;

/**
 * Which search a configuration asks for, and what the two cost: a function of configuration and
 * numbers of rows alone, so that `auto` is the same search on every machine.
 *
 * @param targetRecall share of the exact neighbours that must be found; empty: all of them
 * @param exactFlops floating-point operations of an exact search
 * @param approximateFlops about those of an approximate one
 * @param note what is to be said of the choice; empty when it is the user's and certain
 */
record SearchPlan(
    Optional<Double> targetRecall, double exactFlops, double approximateFlops, String note) {

  /**
   * An operation of the approximate search takes some three times as long as one of the exact
   * search, whose products are larger; beyond that it must be worth missing neighbours.
   */
  private static final double ADVANTAGE = 4;

  /**
   * Probes that reach recall r are about 3 ln(1 - r)^2: measured on CIFAR-10 embeddings of 128
   * dimensions at recalls of 0.90 to 0.99.
   */
  private static final double PROBES = 3;

  static SearchPlan of(StageContext<GraphConfig> context) {
    NeighborSearch search = context.config().getSearch();
    double nodes = (double) GraphSides.nodeRows(context);
    long base = GraphSides.baseRows(context);
    int dimension = GraphSides.baseFeatures(context).getDimension();
    boolean cross = GraphSides.isCross(context.config());
    double exact = (cross ? 2 * nodes * base : nodes * (base - 1)) * dimension;
    double target =
        search.hasApproximate()
            ? search.getApproximate().getTargetRecall()
            : search.getAuto().getTargetRecall();
    double approximate = approximateFlops(nodes, base, dimension, target);
    boolean chosen = ADVANTAGE * approximate < exact && nodes > 1;
    String flops =
        String.format(
            Locale.ROOT,
            "exact %.1e FLOPs, approximate about %.1e at recall %s",
            exact,
            approximate,
            target);
    return switch (search.getKindCase()) {
      case APPROXIMATE ->
          new SearchPlan(
              Optional.of(target),
              exact,
              approximate,
              flops + ", the clusters to look into being chosen when it runs");
      case AUTO ->
          new SearchPlan(
              chosen ? Optional.of(target) : Optional.empty(),
              exact,
              approximate,
              flops + (chosen ? ": approximate" : ": exact, approximate must be below a quarter"));
      case EXACT, KIND_NOT_SET -> new SearchPlan(Optional.empty(), exact, approximate, "");
    };
  }

  private static double approximateFlops(double nodes, long base, int dimension, double target) {
    double logarithm = Math.log1p(-target);
    double clusters = RowClusters.count(base);
    double share = Math.min(1, Math.ceil(PROBES * logarithm * logarithm) / clusters);
    double sampled = 2.0 * RowSample.NODES;
    return RowClusters.flops(base, dimension)
        + 2
            * dimension
            * (nodes * clusters + base * Math.min(nodes, sampled) + nodes * base * share);
  }

  /** Returns the operations of the search that is chosen. */
  double flops() {
    return targetRecall.isPresent() ? approximateFlops : exactFlops;
  }
}
