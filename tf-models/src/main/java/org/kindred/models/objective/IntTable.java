package org.kindred.models.objective;

import java.util.Arrays;
import java.util.Objects;

/**
 * State of an objective that lives on the host beside the graph's variables: a row of whole numbers
 * for each training example, such as its neighbours or its clusters. Checkpointed and restored like
 * a variable.
 *
 * <p>Threading: not thread-safe; read and written between steps.
 */
public final class IntTable {

  private final String name;
  private final int rows;
  private final int width;
  private final int[] values;

  /**
   * Makes a table.
   *
   * @param name unique among the names of variables and tables
   * @param rows 1 or more
   * @param width numbers of a row, 1 or more
   * @param initial every number before training
   */
  IntTable(String name, int rows, int width, int initial) {
    this.name = name;
    this.rows = rows;
    this.width = width;
    this.values = new int[Math.multiplyExact(rows, width)];
    Arrays.fill(values, initial);
  }

  /** Returns the name. */
  public String name() {
    return name;
  }

  /** Returns the number of rows. */
  public int rows() {
    return rows;
  }

  /** Returns the numbers of a row. */
  public int width() {
    return width;
  }

  /** Returns the values, {@code [rows, width]}, row by row; not a copy. */
  public int[] values() {
    return values;
  }

  /** Returns one number. */
  int get(int row, int column) {
    return values[row * width + Objects.checkIndex(column, width)];
  }

  /** Changes one number. */
  void set(int row, int column, int value) {
    values[row * width + Objects.checkIndex(column, width)] = value;
  }
}
