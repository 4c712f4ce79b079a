package org.kindred.stages.arrow;

import java.util.List;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;

/**
 * Names and columns of the tables that artifacts hold. Rows are in order of id, where not said
 * otherwise.
 */
public final class Tables {
  /** Images of a Dataset: id, split, label, height, width, source, image. */
  public static final String EXAMPLES = "examples";

  /** Records that a stage refused: id, source, reason. */
  public static final String REJECTS = "rejects";

  /** Views of a ViewSet, in order of epoch, id, view: id, epoch, view, label, image. */
  public static final String VIEWS = "views";

  /** Training curve of a Model, in order of step: epoch, step, loss, learning_rate. */
  public static final String CURVE = "curve";

  /** What was measured after each epoch of a Model's training: epoch, measure (a name), value. */
  public static final String MEASUREMENTS = "measurements";

  /** Memory bank of a Model: id, vector. */
  public static final String MEMORY_BANK = "memory_bank";

  /** Nearest neighbours, best first: id, label, neighbors (ids), similarities. */
  public static final String NEIGHBORS = "neighbors";

  /**
   * Positives in order of hop, then id: id, positives (ids), hops, hard_positives (ids),
   * hard_similarities.
   */
  public static final String POSITIVES = "positives";

  /** Hard negatives, the most similar first: id, negatives (ids), similarities. */
  public static final String NEGATIVES = "negatives";

  /**
   * Nearest neighbours of some queries: id, label, predicted, neighbors (ids), neighbor_labels,
   * similarities.
   */
  public static final String GALLERY = "gallery";

  private Tables() {}

  /** Returns the columns of {@link #EXAMPLES}. */
  public static List<Field> examples() {
    return List.of(
        int64("id"),
        utf8("split"),
        label(),
        int32("height"),
        int32("width"),
        utf8("source"),
        binary("image"));
  }

  /** Returns the columns of {@link #REJECTS}. */
  public static List<Field> rejects() {
    return List.of(int64("id"), utf8("source"), utf8("reason"));
  }

  /** Returns the columns of {@link #VIEWS}. */
  public static List<Field> views() {
    return List.of(int64("id"), int32("epoch"), int32("view"), label(), binary("image"));
  }

  /** Returns the columns of {@link #CURVE}. */
  public static List<Field> curve() {
    return List.of(int32("epoch"), int64("step"), float32("loss"), float32("learning_rate"));
  }

  /** Returns the columns of {@link #MEASUREMENTS}. */
  public static List<Field> measurements() {
    return List.of(int32("epoch"), utf8("measure"), float32("value"));
  }

  /** Returns the columns of an embedding table. */
  public static List<Field> embeddings(int dimension) {
    return List.of(int64("id"), utf8("split"), label(), floats("vector", dimension));
  }

  /**
   * Returns the columns of a table of vectors without labels, such as {@link #MEMORY_BANK} or
   * cluster centres.
   */
  public static List<Field> vectors(int dimension) {
    return List.of(int64("id"), floats("vector", dimension));
  }

  /** Returns the columns of {@link #NEIGHBORS}. */
  public static List<Field> neighbors(int k) {
    return List.of(int64("id"), label(), longs("neighbors", k), floats("similarities", k));
  }

  /** Returns the columns of {@link #POSITIVES}. */
  public static List<Field> positives() {
    return List.of(
        int64("id"),
        list("positives", new ArrowType.Int(64, true)),
        list("hops", new ArrowType.Int(32, true)),
        list("hard_positives", new ArrowType.Int(64, true)),
        list("hard_similarities", single()));
  }

  /** Returns the columns of {@link #NEGATIVES}. */
  public static List<Field> negatives() {
    return List.of(
        int64("id"),
        list("negatives", new ArrowType.Int(64, true)),
        list("similarities", single()));
  }

  /** Returns the columns of a table of cluster indices. */
  public static List<Field> assignments() {
    return List.of(int64("id"), label(), int32("cluster"), float32("squared_distance"));
  }

  /** Returns the columns of {@link #GALLERY}. */
  public static List<Field> gallery(int neighbors) {
    return List.of(
        int64("id"),
        label(),
        int32("predicted"),
        longs("neighbors", neighbors),
        ints("neighbor_labels", neighbors),
        floats("similarities", neighbors));
  }

  private static Field int64(String name) {
    return required(name, new ArrowType.Int(64, true));
  }

  private static Field int32(String name) {
    return required(name, new ArrowType.Int(32, true));
  }

  private static Field float32(String name) {
    return required(name, single());
  }

  private static Field utf8(String name) {
    return required(name, new ArrowType.Utf8());
  }

  private static Field binary(String name) {
    return required(name, new ArrowType.Binary());
  }

  /** The index of the class; null when the example has none. */
  private static Field label() {
    return new Field("label", FieldType.nullable(new ArrowType.Int(32, true)), null);
  }

  private static Field floats(String name, int length) {
    return fixed(name, length, single());
  }

  private static Field longs(String name, int length) {
    return fixed(name, length, new ArrowType.Int(64, true));
  }

  private static Field ints(String name, int length) {
    return fixed(name, length, new ArrowType.Int(32, true));
  }

  private static Field fixed(String name, int length, ArrowType item) {
    return new Field(
        name,
        FieldType.notNullable(new ArrowType.FixedSizeList(length)),
        List.of(required("item", item)));
  }

  private static Field list(String name, ArrowType item) {
    return new Field(
        name, FieldType.notNullable(new ArrowType.List()), List.of(required("item", item)));
  }

  private static Field required(String name, ArrowType type) {
    return new Field(name, FieldType.notNullable(type), null);
  }

  private static ArrowType single() {
    return new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
  }
}
