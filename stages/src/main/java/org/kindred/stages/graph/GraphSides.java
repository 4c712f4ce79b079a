package org.kindred.stages.graph;

import java.io.IOException;
import org.kindred.models.linalg.RowException;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.Tile;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageInput;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.features.FeatureReader;

/**
 * The two sides of a graph, opened: the nodes, and the base that their neighbours come from. In a
 * plain graph both are the same rows, of which none is its own neighbour; in a cross graph the base
 * is another split, or of another EmbeddingSet.
 */
final class GraphSides implements AutoCloseable {
  static final StageInput EMBEDDINGS =
      StageInput.required("embeddings", ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET);
  static final StageInput BASE =
      StageInput.optional("base", ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET);

  private final Similarity similarity;
  private final FeatureReader nodes;
  private final FeatureReader base;

  private GraphSides(Similarity similarity, FeatureReader nodes, FeatureReader base) {
    this.similarity = similarity;
    this.nodes = nodes;
    this.base = base;
  }

  /** Opens both sides. */
  static GraphSides open(StageContext<GraphConfig> context) throws IOException {
    GraphConfig config = context.config();
    FeatureReader nodes =
        FeatureReader.open(
            context.input(EMBEDDINGS.name()), nodeFeatures(context), config.getSplit());
    if (!isCross(config)) {
      return new GraphSides(Similarity.of(config.getMetric()), nodes, nodes);
    }
    try {
      FeatureReader base =
          FeatureReader.open(baseArtifact(context), baseFeatures(context), config.getBaseSplit());
      return new GraphSides(Similarity.of(config.getMetric()), nodes, base);
    } catch (IOException | RuntimeException e) {
      try (nodes) {
        throw e;
      }
    }
  }

  /** Returns whether the neighbours are other rows than the nodes. */
  static boolean isCross(GraphConfig config) {
    return !config.getBaseSplit().isEmpty();
  }

  /** Returns the EmbeddingSet that the base is a split of. */
  static StoredArtifact baseArtifact(StageContext<GraphConfig> context) {
    return context.optionalInput(BASE.name()).orElseGet(() -> context.input(EMBEDDINGS.name()));
  }

  static FeatureTable nodeFeatures(StageContext<GraphConfig> context) {
    return features(context, context.input(EMBEDDINGS.name()));
  }

  static FeatureTable baseFeatures(StageContext<GraphConfig> context) {
    return features(context, baseArtifact(context));
  }

  private static FeatureTable features(
      StageContext<GraphConfig> context, StoredArtifact embeddings) {
    GraphConfig config = context.config();
    return FeatureReader.find(
        embeddings,
        config.getFeatures().getSource(),
        config.getFeatures().getLayer(),
        context.step());
  }

  /** Returns the number of nodes. */
  static long nodeRows(StageContext<GraphConfig> context) {
    return FeatureReader.split(
            context.input(EMBEDDINGS.name()), "graph.split", context.config().getSplit())
        .getExamples();
  }

  /** Returns the number of rows that neighbours come from. */
  static long baseRows(StageContext<GraphConfig> context) {
    return isCross(context.config())
        ? FeatureReader.split(
                baseArtifact(context), "graph.base_split", context.config().getBaseSplit())
            .getExamples()
        : nodeRows(context);
  }

  /** Returns the bytes of Java heap that the sides hold at least. */
  static double heapBytes(StageContext<GraphConfig> context) {
    double nodes =
        FeatureReader.heapBytes(nodeRows(context), examples(context.input("embeddings")));
    return isCross(context.config())
        ? nodes + FeatureReader.heapBytes(baseRows(context), examples(baseArtifact(context)))
        : nodes;
  }

  private static long examples(StoredArtifact embeddings) {
    return embeddings.content().getEmbeddingSet().getExamples();
  }

  /** Returns whether this is a cross graph. */
  boolean isCross() {
    return nodes != base;
  }

  FeatureReader nodes() {
    return nodes;
  }

  FeatureReader base() {
    return base;
  }

  /** Returns consecutive nodes. */
  Tile nodeTile(int first, int count) {
    return tile(nodes, first, count);
  }

  /** Returns consecutive rows of the base. */
  Tile baseTile(int first, int count) {
    return tile(base, first, count);
  }

  private Tile tile(FeatureReader features, int first, int count) {
    try {
      return Tile.of(similarity, first, features.dimension(), features.vectors(first, count));
    } catch (RowException e) {
      throw features.unusable(e.row(), e.problem());
    }
  }

  /** Returns some nodes, numbered from 0. */
  Tile nodeTile(int[] positions) {
    return tile(nodes, positions);
  }

  /** Returns some rows of the base, numbered from 0; may be called from several threads. */
  Tile baseTile(int[] positions) {
    return tile(base, positions);
  }

  private Tile tile(FeatureReader features, int[] positions) {
    try {
      return Tile.of(similarity, 0, features.dimension(), features.vectors(positions));
    } catch (RowException e) {
      throw features.unusable(positions[e.row()], e.problem());
    }
  }

  @Override
  public void close() {
    nodes.close();
    if (base != nodes) {
      base.close();
    }
  }
}
