package org.kindred.pipelines.report;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** How many rows of each cluster have each class. */
final class Contingency {
  /** {@code [cluster][class]}; the last column counts rows without a label. */
  private final int[][] counts;

  private final int classes;

  /**
   * Counts.
   *
   * @param labels class of each row, -1 for none
   * @param assigned cluster of each row
   * @param clusters number of clusters
   */
  Contingency(int[] labels, int[] assigned, int clusters) {
    classes = Arrays.stream(labels).max().orElse(-1) + 1;
    counts = new int[clusters][classes + 1];
    for (int i = 0; i < labels.length; i++) {
      counts[assigned[i]][column(labels[i])]++;
    }
  }

  private int column(int label) {
    return label < 0 ? classes : label;
  }

  /** Returns the labels in order; at the end -1, for none, if there are rows without one. */
  List<Integer> labels() {
    boolean unlabelled = Arrays.stream(counts).anyMatch(row -> row[classes] > 0);
    IntStream known = IntStream.range(0, classes);
    return (unlabelled ? IntStream.concat(known, IntStream.of(-1)) : known).boxed().toList();
  }

  /** Returns the largest clusters, in order of main class, then size. */
  List<Integer> clusters(int limit) {
    Comparator<Integer> largestFirst =
        Comparator.<Integer>comparingInt(this::size).reversed().thenComparing(c -> c);
    return IntStream.range(0, counts.length)
        .boxed()
        .sorted(largestFirst)
        .limit(limit)
        .sorted(Comparator.<Integer>comparingInt(this::mainClass).thenComparing(largestFirst))
        .toList();
  }

  /** Returns the rows of a cluster with a class, -1 for those without one. */
  int count(int cluster, int label) {
    return counts[cluster][column(label)];
  }

  /** Returns the rows of a cluster. */
  int size(int cluster) {
    return Arrays.stream(counts[cluster]).sum();
  }

  /** Returns the rows of a cluster that have a label. */
  int labelled(int cluster) {
    return size(cluster) - counts[cluster][classes];
  }

  /** Returns the rows of a cluster that have its main class. */
  int largestCount(int cluster) {
    return IntStream.range(0, classes).map(label -> counts[cluster][label]).max().orElse(0);
  }

  /** Returns the class that most rows of a cluster have, the lower one of equals. */
  private int mainClass(int cluster) {
    int largest = largestCount(cluster);
    return IntStream.range(0, classes)
        .filter(label -> counts[cluster][label] == largest)
        .findFirst()
        .orElse(0);
  }
}
