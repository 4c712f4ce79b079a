package org.kindred.models.clustering;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.kindred.models.clustering.KMeans.Start;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.models.neighbors.Propagation;
import org.kindred.models.neighbors.Tile;

/**
 * Measures k-means, or propagation over the exact graph, of rows in a file, on all processors.
 * Prints one line of JSON with the median seconds after one run to warm up.
 *
 * <p>Arguments: {@code kmeans FILE DIMENSION CLUSTERS UPDATES REPETITIONS}, which writes the
 * centers to {@code FILE.centers}; {@code propagation FILE DIMENSION K HOPS REPETITIONS}, which
 * writes the graph to {@code FILE.graph}. Files hold little-endian float32 or int32, row by row.
 */
final class ClusteringBenchmark {

  private static final int TASK_NODES = 512;

  private ClusteringBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[1]);
    int dim = Integer.parseInt(arguments[2]);
    int first = Integer.parseInt(arguments[3]);
    int second = Integer.parseInt(arguments[4]);
    int repetitions = Integer.parseInt(arguments[5]);
    try (MatrixProduct product = new MatrixProduct()) {
      if (arguments[0].equals("kmeans")) {
        kmeans(product, file, dim, first, second, repetitions);
      } else {
        propagation(product, file, dim, first, second, repetitions);
      }
    }
  }

  private static void kmeans(
      MatrixProduct product, Path file, int dim, int clusters, int updates, int repetitions)
      throws IOException {
    KMeans kmeans = new KMeans(product, clusters, 1, updates + 1).withStart(Start.PARALLEL);
    float[] rows = read(file);
    KMeans.Result[] result = new KMeans.Result[1];
    double seconds =
        median(repetitions, () -> result[0] = kmeans.fit(Similarity.EUCLIDEAN, rows, dim, 1, 0));
    ByteBuffer centers =
        ByteBuffer.allocate(Float.BYTES * result[0].centers().length)
            .order(ByteOrder.LITTLE_ENDIAN);
    centers.asFloatBuffer().put(result[0].centers());
    Files.write(Path.of(file + ".centers"), centers.array());
    print("k-means", rows.length / dim, seconds, result[0].inertia().length);
  }

  private static void propagation(
      MatrixProduct product, Path file, int dim, int k, int hops, int repetitions)
      throws IOException {
    NeighborLists lists =
        new ExactSearch(product, k).within(Tile.of(Similarity.COSINE, 0, dim, read(file)));
    ByteBuffer graph =
        ByteBuffer.allocate(Integer.BYTES * lists.ids().length).order(ByteOrder.LITTLE_ENDIAN);
    graph.asIntBuffer().put(lists.ids());
    Files.write(Path.of(file + ".graph"), graph.array());
    Propagation propagation = new Propagation(lists.ids(), k, k, hops);
    int[] sizes = new int[lists.rows()];
    double seconds = median(repetitions, () -> walk(propagation, sizes));
    print("propagation", lists.rows(), seconds, IntStream.of(sizes).sum());
  }

  private static void walk(Propagation graph, int[] sizes) {
    IntStream.range(0, (sizes.length + TASK_NODES - 1) / TASK_NODES)
        .parallel()
        .forEach(
            task -> {
              Propagation.Walker walker = graph.walker();
              int end = Math.min(sizes.length, (task + 1) * TASK_NODES);
              for (int node = task * TASK_NODES; node < end; node++) {
                sizes[node] = walker.positives(node).ids().length;
              }
            });
  }

  private static float[] read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  private static double median(int repetitions, Runnable work) {
    work.run();
    List<Double> seconds = new ArrayList<>();
    for (int repetition = 0; repetition < repetitions; repetition++) {
      long start = System.nanoTime();
      work.run();
      seconds.add((System.nanoTime() - start) / 1e9);
    }
    Collections.sort(seconds);
    return seconds.get(repetitions / 2);
  }

  private static void print(String name, int rows, double seconds, long result) {
    System.out.printf(
        Locale.ROOT,
        "{\"benchmark\": \"%s\", \"n\": %d, \"threads\": %d, \"seconds\": %.4f, \"result\": %d}%n",
        name,
        rows,
        Runtime.getRuntime().availableProcessors(),
        seconds,
        result);
  }
}
