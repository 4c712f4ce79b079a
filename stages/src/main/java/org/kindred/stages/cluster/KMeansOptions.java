package org.kindred.stages.cluster;

import org.kindred.models.clustering.BalancedAssignment;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.clustering.KMeans.Start;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.pipeline.v1.BalancedClusters;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.ClusterStart;

/** What a configuration says of k-means, in k-means' own terms. */
final class KMeansOptions {
  private KMeansOptions() {}

  static Start start(ClusterConfig config) {
    return switch (config.getStart()) {
      case CLUSTER_START_PARALLEL -> Start.PARALLEL;
      case CLUSTER_START_RANDOM_ROWS -> Start.RANDOM_ROWS;
      default -> Start.PLUS_PLUS;
    };
  }

  static EmptyClusters emptyClusters(ClusterConfig config) {
    return switch (config.getEmptyClusters()) {
      case EMPTY_CLUSTER_RULE_SPLIT -> EmptyClusters.SPLIT;
      case EMPTY_CLUSTER_RULE_UNCHANGED -> EmptyClusters.UNCHANGED;
      default -> EmptyClusters.FARTHEST_ROW;
    };
  }

  /** Returns how artifacts call the start. */
  static String name(ClusterStart start) {
    return switch (start) {
      case CLUSTER_START_PARALLEL -> "k-means||";
      case CLUSTER_START_RANDOM_ROWS -> "random rows";
      default -> "k-means++";
    };
  }

  static BalancedAssignment balanced(ClusterConfig config) {
    BalancedClusters balanced = config.getBalanced();
    return new BalancedAssignment(
        balanced.getEpsilon(), balanced.getSinkhornIterations(), balanced.getRounds());
  }

  /** Returns a summary that has what was asked of k-means. */
  static ClusteringResult.Builder summary(ClusterConfig config, long seed, int restart) {
    ClusteringResult.Builder summary =
        ClusteringResult.newBuilder()
            .setBestRestart(restart)
            .setRestarts(config.getRestarts())
            .setIterations(config.getIterations())
            .setStart(name(config.getStart()))
            .setSeed(seed);
    if (config.hasBalanced()) {
      BalancedClusters balanced = config.getBalanced();
      summary.setMethod(
          "k-means and %d rounds of balanced assignment, Sinkhorn with epsilon %s and %d iterations"
              .formatted(
                  balanced.getRounds(), balanced.getEpsilon(), balanced.getSinkhornIterations()));
    }
    return summary;
  }
}
