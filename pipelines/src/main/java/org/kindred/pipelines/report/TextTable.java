package org.kindred.pipelines.report;

import java.util.ArrayList;
import java.util.List;

/** Aligned plain text: columns two spaces apart, the first row its header. */
final class TextTable {
  private static final String GAP = "  ";

  private final boolean[] rightAligned;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * Starts a table.
   *
   * @param rightAligned for each column whether it is aligned to the right
   */
  TextTable(boolean... rightAligned) {
    this.rightAligned = rightAligned.clone();
  }

  /** Adds a row with a cell for every column. */
  void add(List<String> cells) {
    rows.add(List.copyOf(cells));
  }

  /** Returns the length of the longest line. */
  int width() {
    return toString().lines().mapToInt(String::length).max().orElse(0);
  }

  @Override
  public String toString() {
    int[] widths = new int[rightAligned.length];
    for (List<String> row : rows) {
      for (int c = 0; c < widths.length; c++) {
        widths[c] = Math.max(widths[c], row.get(c).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < widths.length; c++) {
        String pad = " ".repeat(widths[c] - row.get(c).length());
        line.append(c == 0 ? "" : GAP)
            .append(rightAligned[c] ? pad + row.get(c) : row.get(c) + pad);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}
