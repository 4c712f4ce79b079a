package org.kindred.stages.graph;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.kindred.proto.artifact.v1.GraphApproximation;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.NeighborSearch;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageTransform;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;
import org.kindred.stages.testing.StageRunner;

/**
 * Measures the whole stage on the embedded runner, from EmbeddingSet to published NeighborGraph.
 * Prints for each run a line of JSON: seconds, processor seconds, and of an approximate graph its
 * recall. In the first run of a process a good part of the work is that of Java's compiler.
 *
 * <p>Arguments: a file of rows (float32, little-endian, row by row, nothing else), dimension, k, an
 * empty folder, runs, and for an approximate graph the recall.
 */
final class GraphStageBenchmark {

  private GraphStageBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    int dim = Integer.parseInt(arguments[1]);
    GraphConfig.Builder config = GraphConfig.newBuilder().setK(Integer.parseInt(arguments[2]));
    if (arguments.length > 5) {
      NeighborSearch.Builder search = config.getSearchBuilder();
      search.getApproximateBuilder().setTargetRecall(Double.parseDouble(arguments[5]));
    }
    StageRunner runner = StageRunner.in(Files.createDirectories(Path.of(arguments[3])));
    StoredArtifact embeddings =
        EmbeddingSets.publish(runner.store(), List.of(), rows(Path.of(arguments[0]), dim));
    for (int i = 0; i < Integer.parseInt(arguments[4]); i++) {
      measure(runner, config.build(), embeddings);
    }
  }

  private static void measure(StageRunner runner, GraphConfig config, StoredArtifact embeddings)
      throws IOException {
    OperatingSystemMXBean process =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = process.getProcessCpuTime();
    long start = System.nanoTime();
    StoredArtifact graph = run(runner, config, embeddings);
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpuSeconds = (process.getProcessCpuTime() - cpu) / 1e9;
    GraphApproximation told = graph.content().getNeighborGraph().getApproximation();
    System.out.printf(
        Locale.ROOT,
        "{\"benchmark\": \"graph-stage\", \"n\": %d, \"dim\": %d, \"k\": %d, \"seconds\": %.2f,"
            + " \"cpu_seconds\": %.2f, \"recall\": %.4f, \"recall_lower\": %.4f, \"recall_upper\":"
            + " %.4f, \"probes\": %d, \"clusters\": %d}%n",
        graph.content().getNeighborGraph().getNodes(),
        embeddings.content().getEmbeddingSet().getFeatures(0).getDimension(),
        config.getK(),
        seconds,
        cpuSeconds,
        told.getClusters() == 0 ? 1 : told.getRecall(),
        told.getClusters() == 0 ? 1 : told.getRecallLower(),
        told.getClusters() == 0 ? 1 : told.getRecallUpper(),
        told.getProbes(),
        told.getClusters());
  }

  private static StoredArtifact run(
      StageRunner runner, GraphConfig config, StoredArtifact embeddings) throws IOException {
    GraphStage stage = new GraphStage();
    StageContext<GraphConfig> context =
        runner.context(stage, config, Map.of("embeddings", embeddings));
    stage.check(context);
    DirectOptions options = PipelineOptionsFactory.as(DirectOptions.class);
    options.setRunner(DirectRunner.class);
    options.setTargetParallelism(
        1); // as the embedded runner has it for a stage that uses all processors
    options.setEnforceImmutability(false);
    options.setEnforceEncodability(false);
    Pipeline pipeline = Pipeline.create(options);
    pipeline.apply(StageTransform.of(stage, context));
    pipeline.run().waitUntilFinish();
    String digest =
        runner.store().lookup(context.producer().getReuseKey()).orElseThrow().getArtifact();
    return runner.store().get(digest).orElseThrow();
  }

  /** Rows that are read from the file when they are asked for. */
  private static List<Row> rows(Path file, int dim) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      FloatBuffer values =
          channel
              .map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
              .order(ByteOrder.LITTLE_ENDIAN)
              .asFloatBuffer();
      return new AbstractList<>() {
        @Override
        public Row get(int row) {
          float[] vector = new float[dim];
          values.get(row * dim, vector);
          return new Row(row, "train", -1, vector);
        }

        @Override
        public int size() {
          return values.remaining() / dim;
        }
      };
    }
  }
}
