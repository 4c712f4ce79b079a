package org.kindred.stages.neighbors;

import java.io.IOException;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.features.FeatureReader;

/**
 * A neighbour graph, its nodes numbered as the rows of the features that it was made of: from 0 in
 * order of id.
 */
public final class GraphReader implements AutoCloseable {
  private final String step;
  private final FeatureReader features;
  private final MappedTable table;

  private GraphReader(String step, FeatureReader features, MappedTable table) {
    this.step = step;
    this.features = features;
    this.table = table;
  }

  /**
   * Opens a graph and its features.
   *
   * @param step id of the step that reads, for messages
   * @throws StageException if the features' split has not as many rows as the graph has nodes
   */
  public static GraphReader open(String step, StoredArtifact graph, StoredArtifact embeddings)
      throws IOException {
    NeighborGraph content = graph.content().getNeighborGraph();
    FeatureReader features =
        FeatureReader.open(embeddings, content.getFeatures(), content.getSplit());
    try {
      GraphReader reader =
          new GraphReader(step, features, MappedTable.open(graph.localTable(Tables.NEIGHBORS)));
      reader.checkSize(content);
      return reader;
    } catch (IOException | StageException e) {
      features.close();
      throw e;
    }
  }

  private void checkSize(NeighborGraph content) {
    if (table.rows() != features.size()) {
      long rows = table.rows();
      table.close();
      throw mismatch(
          "%d nodes, the embeddings' split %s has %d examples"
              .formatted(rows, content.getSplit(), features.size()));
    }
  }

  /** Returns the features of the nodes. */
  public FeatureReader features() {
    return features;
  }

  /** Returns the number of nodes. */
  public int nodes() {
    return features.size();
  }

  /**
   * Reads the nearest neighbours of some nodes.
   *
   * @param first the first node
   * @param count nodes
   * @param k neighbours of each, at most the graph's k
   * @return positions, {@code [count, k]}, nearest first
   * @throws StageException naming a node or a neighbour that is not among the features
   */
  public int[] neighbors(int first, int count, int k) {
    int[] positions = new int[Math.multiplyExact(count, k)];
    for (int i = 0; i < count; i++) {
      int node = first + i;
      long id = table.longValue("id", node);
      if (id != features.id(node)) {
        throw mismatch(
            "node %d, the embeddings have example %d in its place"
                .formatted(id, features.id(node)));
      }
      long[] row = table.longList("neighbors", node);
      for (int place = 0; place < k; place++) {
        positions[i * k + place] = position(row[place]);
      }
    }
    return positions;
  }

  private int position(long id) {
    int position = features.position(id);
    if (position < 0) {
      throw mismatch("neighbour %d, which the embeddings do not have".formatted(id));
    }
    return position;
  }

  /** Returns the similarities of a node's neighbours, nearest first; all that the graph has. */
  public float[] similarities(int node) {
    return table.floatList("similarities", node);
  }

  private StageException mismatch(String what) {
    return new StageException(
        "step %s: the graph was not made of these embeddings: it has %s".formatted(step, what));
  }

  @Override
  public void close() {
    table.close();
    features.close();
  }
}
