package org.kindred.pipelines.experiment;

/**
 * Where a value was written.
 *
 * @param source file, or the override such as {@code --set graph.k=7}
 * @param line from 1; 0 when the source has no lines
 */
public record Location(String source, int line) {

  /** A place in a source without lines. */
  static Location of(String source) {
    return new Location(source, 0);
  }

  /** {@code file:line}, or the source alone when it has no lines. */
  @Override
  public String toString() {
    return line == 0 ? source : source + ":" + line;
  }
}
