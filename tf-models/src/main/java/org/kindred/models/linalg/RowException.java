package org.kindred.models.linalg;

/** A row of a matrix cannot be used. */
public final class RowException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  private final int row;
  private final String problem;

  /**
   * Names a row.
   *
   * @param row its position in the whole matrix
   * @param problem what is wrong with it, to follow its name
   */
  public RowException(int row, String problem) {
    super("row " + row + " " + problem);
    this.row = row;
    this.problem = problem;
  }

  /** Returns the row's position in the whole matrix. */
  public int row() {
    return row;
  }

  /** Returns what is wrong with it, to follow its name. */
  public String problem() {
    return problem;
  }
}
