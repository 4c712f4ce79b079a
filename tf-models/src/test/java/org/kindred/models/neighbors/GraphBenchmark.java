package org.kindred.models.neighbors;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;

/**
 * Measures the exact graph of one tile of clustered unit rows, on all processors. Prints one line
 * of JSON with the median seconds for each k, after one search to warm up.
 *
 * <p>Arguments: rows (50000), dimension (128), repetitions (3), then each k (4 10 200).
 */
final class GraphBenchmark {

  private static final int ROWS_PER_CLUSTER = 500;
  private static final float SPREAD = 0.7f;

  private GraphBenchmark() {}

  public static void main(String[] arguments) {
    int rows = argument(arguments, 0, 50_000);
    int dim = argument(arguments, 1, 128);
    int repetitions = argument(arguments, 2, 3);
    List<Integer> ks = new ArrayList<>();
    for (int i = 3; i < arguments.length; i++) {
      ks.add(Integer.valueOf(arguments[i]));
    }
    StringBuilder seconds = new StringBuilder();
    Tile tile = Tile.of(Similarity.COSINE, 0, dim, clustered(rows, dim));
    try (MatrixProduct product = new MatrixProduct()) {
      for (int k : ks.isEmpty() ? List.of(4, 10, 200) : ks) {
        seconds.append(
            String.format(
                Locale.ROOT,
                "%s\"k%d\": %.3f",
                seconds.isEmpty() ? "" : ", ",
                k,
                medianSeconds(new ExactSearch(product, k), tile, repetitions)));
      }
    }
    System.out.printf(
        Locale.ROOT,
        "{\"benchmark\": \"exact-graph\", \"n\": %d, \"dim\": %d, \"threads\": %d, \"seconds\": {%s}}%n",
        rows,
        dim,
        Runtime.getRuntime().availableProcessors(),
        seconds);
  }

  private static int argument(String[] arguments, int index, int otherwise) {
    return arguments.length > index ? Integer.parseInt(arguments[index]) : otherwise;
  }

  private static double medianSeconds(ExactSearch search, Tile tile, int repetitions) {
    search.within(tile);
    List<Double> seconds = new ArrayList<>();
    for (int repetition = 0; repetition < repetitions; repetition++) {
      long start = System.nanoTime();
      search.within(tile);
      seconds.add((System.nanoTime() - start) / 1e9);
    }
    Collections.sort(seconds);
    return seconds.get(repetitions / 2);
  }

  /** Gaussian clusters around Gaussian centres. */
  private static float[] clustered(int rows, int dim) {
    Random random = new Random(0);
    int clusters = Math.max(10, rows / ROWS_PER_CLUSTER);
    float[] centers = new float[clusters * dim];
    for (int i = 0; i < centers.length; i++) {
      centers[i] = (float) random.nextGaussian();
    }
    float[] values = new float[rows * dim];
    for (int row = 0; row < rows; row++) {
      int center = random.nextInt(clusters) * dim;
      for (int d = 0; d < dim; d++) {
        values[row * dim + d] = centers[center + d] + SPREAD * (float) random.nextGaussian();
      }
    }
    return values;
  }
}
