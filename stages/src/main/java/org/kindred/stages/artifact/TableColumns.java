package org.kindred.stages.artifact;

import java.util.List;
import java.util.Optional;
import org.apache.arrow.vector.types.pojo.ArrowType.FixedSizeList;
import org.apache.arrow.vector.types.pojo.Field;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.stages.arrow.Tables;

/** Which columns the tables of an artifact have, by what its payload says. */
final class TableColumns {
  private TableColumns() {}

  /**
   * Compares a table's columns with the payload.
   *
   * @return the columns that it should have, if it has others; nothing for a table that the type of
   *     artifact does not prescribe, which a stage may add
   */
  static Optional<List<Field>> otherThan(List<Field> columns, String table, Content content) {
    return prescribed(table, content, columns).filter(expected -> !expected.equals(columns));
  }

  private static Optional<List<Field>> prescribed(
      String table, Content content, List<Field> columns) {
    return switch (content.getPayloadCase()) {
      case DATASET -> named(table, Tables.EXAMPLES, Tables.examples()).or(() -> rejects(table));
      case VIEW_SET -> named(table, Tables.VIEWS, Tables.views());
      case MODEL -> ofModel(table, content.getModel());
      case EMBEDDING_SET ->
          content.getEmbeddingSet().getFeaturesList().stream()
              .filter(features -> features.getTable().equals(table))
              .map(FeatureTable::getDimension)
              .map(Tables::embeddings)
              .findFirst()
              .or(() -> rejects(table));
      case NEIGHBOR_GRAPH ->
          named(table, Tables.NEIGHBORS, Tables.neighbors(content.getNeighborGraph().getK()));
      case POSITIVE_SET ->
          named(table, Tables.POSITIVES, Tables.positives())
              .or(() -> named(table, Tables.NEGATIVES, Tables.negatives()));
      case CLUSTERING ->
          content.getClustering().getResultsList().stream()
              .flatMap(result -> ofClustering(table, result).stream())
              .findFirst();
      case EVALUATION -> named(table, Tables.GALLERY, Tables.gallery(galleryWidth(columns)));
      case PAYLOAD_NOT_SET -> Optional.empty();
    };
  }

  private static Optional<List<Field>> named(String table, String name, List<Field> columns) {
    return table.equals(name) ? Optional.of(columns) : Optional.empty();
  }

  private static Optional<List<Field>> rejects(String table) {
    return named(table, Tables.REJECTS, Tables.rejects());
  }

  private static Optional<List<Field>> ofModel(String table, Model model) {
    return switch (table) {
      case Tables.CURVE -> Optional.of(Tables.curve());
      case Tables.MEASUREMENTS -> Optional.of(Tables.measurements());
      case Tables.MEMORY_BANK ->
          model.getLayersList().stream()
              .filter(layer -> layer.getName().equals("embedding"))
              .map(Layer::getDimension)
              .map(Tables::vectors)
              .findFirst();
      default -> Optional.empty();
    };
  }

  private static Optional<List<Field>> ofClustering(String table, ClusteringResult result) {
    return named(table, result.getAssignmentsTable(), Tables.assignments())
        .or(
            () ->
                named(
                    table,
                    result.getCentersTable(),
                    Tables.vectors(result.getFeatures().getDimension())));
  }

  /** A gallery's neighbours are counted by the table alone. */
  private static int galleryWidth(List<Field> columns) {
    return columns.stream()
        .filter(column -> column.getName().equals("neighbors"))
        .map(Field::getType)
        .filter(FixedSizeList.class::isInstance)
        .map(type -> ((FixedSizeList) type).getListSize())
        .findFirst()
        .orElse(1);
  }
}
