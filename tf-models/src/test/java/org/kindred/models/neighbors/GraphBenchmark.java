package org.kindred.models.neighbors;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;

/**
 * Measures the exact graph of one tile of unit rows, on all processors. Prints for each k a line of
 * JSON with the median seconds, and processor seconds, of some searches after one to warm up.
 *
 * <p>Arguments: a file of rows (float32, little-endian, row by row, nothing else), dimension,
 * repetitions, then each k.
 */
final class GraphBenchmark {

  private record Times(double seconds, double cpuSeconds) {}

  private GraphBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    int dim = Integer.parseInt(arguments[1]);
    int repetitions = Integer.parseInt(arguments[2]);
    Tile tile = Tile.of(Similarity.COSINE, 0, dim, read(Path.of(arguments[0])));
    try (MatrixProduct product = new MatrixProduct()) {
      for (int i = 3; i < arguments.length; i++) {
        int k = Integer.parseInt(arguments[i]);
        ExactSearch search = new ExactSearch(product, k);
        Times times = median(repetitions, () -> search.within(tile));
        System.out.printf(
            Locale.ROOT,
            "{\"benchmark\": \"exact-graph\", \"n\": %d, \"dim\": %d, \"k\": %d, \"seconds\": %.3f,"
                + " \"cpu_seconds\": %.3f}%n",
            tile.rows(),
            dim,
            k,
            times.seconds,
            times.cpuSeconds);
      }
    }
  }

  private static float[] read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      FloatBuffer values =
          channel
              .map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
              .order(ByteOrder.LITTLE_ENDIAN)
              .asFloatBuffer();
      float[] rows = new float[values.remaining()];
      values.get(rows);
      return rows;
    }
  }

  private static Times median(int repetitions, Runnable work) {
    work.run();
    OperatingSystemMXBean process =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    List<Times> times = new ArrayList<>();
    for (int repetition = 0; repetition < repetitions; repetition++) {
      long cpu = process.getProcessCpuTime();
      long start = System.nanoTime();
      work.run();
      times.add(
          new Times((System.nanoTime() - start) / 1e9, (process.getProcessCpuTime() - cpu) / 1e9));
    }
    return times.stream()
        .sorted(Comparator.comparingDouble(Times::seconds))
        .collect(Collectors.toList())
        .get(repetitions / 2);
  }
}
