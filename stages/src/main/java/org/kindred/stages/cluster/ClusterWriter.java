package org.kindred.stages.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.kindred.models.clustering.KMeans;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.stages.Part;
import org.kindred.stages.Runs;
import org.kindred.stages.StageContext;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.features.FeatureReader;

/** Writes the tables of one kind of feature, and says what is in them. */
final class ClusterWriter {

  /** Rows of a file of assignments. */
  static final int SHARD_ROWS = 65_536;

  private final StageContext<ClusterConfig> context;
  private final FeatureTable table;
  private final FeatureReader features;
  private final Metric metric;

  /**
   * @param metric by which rows are near
   */
  ClusterWriter(
      StageContext<ClusterConfig> context,
      FeatureTable table,
      FeatureReader features,
      Metric metric) {
    this.context = context;
    this.table = table;
    this.features = features;
    this.metric = metric;
  }

  /** Returns the name of the table of cluster indices for a kind of feature. */
  static String assignments(FeatureTable features) {
    return "assignments-" + features.getTable();
  }

  /** Returns the name of the table of centres for a kind of feature. */
  static String centers(FeatureTable features) {
    return "centers-" + features.getTable();
  }

  /** Writes all tables. */
  Part write(KMeans.Result result, ClusteringResult.Builder summary) throws IOException {
    List<StagedFile> files = new ArrayList<>();
    for (Runs.Run run : Runs.of(features.size(), SHARD_ROWS).toList()) {
      files.add(
          writeAssignments(
              run.number(),
              run.count(),
              run.first(),
              result.assignments(),
              result.squaredDistances()));
    }
    files.add(writeCenters(result.centers()));
    describe(summary, result.centers(), result.inertia(), result.converged());
    return part(files, summary);
  }

  /**
   * Writes the file of a run of rows.
   *
   * @param from where the run begins in the arrays
   */
  StagedFile writeAssignments(
      int shard, int count, int from, int[] assignments, float[] squaredDistances)
      throws IOException {
    int first = shard * SHARD_ROWS;
    try (Shard file =
        context.staging().newShard(assignments(table), shard, Tables.assignments(), metadata())) {
      TableWriter row = file.writer();
      for (int i = 0; i < count; i++) {
        row.nextRow();
        row.put(0, features.id(first + i));
        row.putLabel(1, features.label(first + i));
        row.put(2, assignments[from + i]);
        row.put(3, squaredDistances[from + i]);
      }
      return file.finish();
    }
  }

  /** Writes the centres. */
  StagedFile writeCenters(float[] centers) throws IOException {
    int dimension = features.dimension();
    try (Shard file =
        context.staging().newShard(centers(table), 0, Tables.vectors(dimension), metadata())) {
      for (int c = 0; c < centers.length / dimension; c++) {
        file.writer().nextRow();
        file.writer().put(0, (long) c);
        file.writer().put(1, centers, c * dimension);
      }
      return file.finish();
    }
  }

  /** Adds to a summary what all methods tell. */
  void describe(
      ClusteringResult.Builder summary, float[] centers, double[] inertia, boolean converged) {
    summary
        .setFeatures(table)
        .setClusters(centers.length / features.dimension())
        .setMetric(metric)
        .setConverged(converged)
        .setAssignmentsTable(assignments(table))
        .setCentersTable(centers(table))
        .setRows(features.size());
    for (double value : inertia) {
      summary.addInertia(value);
    }
  }

  /** Returns a part with files and a summary. */
  static Part part(List<StagedFile> files, ClusteringResult.Builder summary) {
    Clustering clustering = Clustering.newBuilder().addResults(summary).build();
    return Part.of(files, Content.newBuilder().setClustering(clustering).build());
  }

  private Map<String, String> metadata() {
    return Map.of("metric", metric.name());
  }
}
