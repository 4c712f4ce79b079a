package org.kindred.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.transforms.Combine;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Values;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.clustering.KMeans;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.RowException;
import org.kindred.models.linalg.Similarity;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StepFn;
import org.kindred.stages.features.FeatureReader;

/**
 * Clusters each kind of feature, some restarts to a work item, which writes the tables of its best
 * one. Only who won goes through the runner; what the others wrote is left behind in staging.
 */
final class ClusterFeatures
    extends PTransform<PCollection<ClusterFeatures.Restarts>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<ClusterConfig> context;

  ClusterFeatures(StageContext<ClusterConfig> context) {
    this.context = context;
  }

  /**
   * A work item.
   *
   * @param table number of the kind of feature
   * @param first number of the first restart
   * @param count restarts
   */
  record Restarts(int table, int first, int count) implements Serializable {}

  @Override
  public PCollection<Part> expand(PCollection<Restarts> restarts) {
    return restarts
        .apply("Run k-means", ParDo.of(new ClusterFn(context)))
        .setCoder(KvCoder.of(VarIntCoder.of(), SerializableCoder.of(Part.class)))
        .apply("Keep The Best", Combine.perKey(ClusterFeatures::better))
        .apply("Parts", Values.create());
  }

  /** Returns the result of lower inertia, the earlier restart's of equals. */
  private static Part better(Part one, Part other) {
    ClusteringResult first = result(one);
    ClusteringResult second = result(other);
    int order = Double.compare(lastInertia(first), lastInertia(second));
    if (order == 0) {
      order = Integer.compare(first.getBestRestart(), second.getBestRestart());
    }
    return order <= 0 ? one : other;
  }

  private static ClusteringResult result(Part part) {
    return part.content().getClustering().getResults(0);
  }

  private static double lastInertia(ClusteringResult result) {
    return result.getInertia(result.getInertiaCount() - 1);
  }

  static final class ClusterFn extends StepFn<Restarts, KV<Integer, Part>> {
    private static final long serialVersionUID = 1L;

    /** A work item holds all rows, and uses all processors of its process: one at a time there. */
    private static final Object ALONE = new Object();

    private final StageContext<ClusterConfig> context;
    private transient MatrixProduct product;

    ClusterFn(StageContext<ClusterConfig> context) {
      this.context = context;
    }

    @Setup
    public void setUp() {
      product = new MatrixProduct();
    }

    @Teardown
    public void tearDown() {
      if (product != null) {
        product.close();
      }
    }

    @ProcessElement
    public void process(@Element Restarts restarts, OutputReceiver<KV<Integer, Part>> output)
        throws IOException {
      ClusterConfig config = context.config();
      FeatureTable table = ClusterStage.features(context).get(restarts.table());
      try (FeatureReader features =
          FeatureReader.open(context.input(ClusterStage.EMBEDDINGS), table, config.getSplit())) {
        KMeans.Result result;
        synchronized (ALONE) {
          result = fit(features, restarts);
        }
        Part part =
            new ClusterWriter(context, table, features, config.getMetric())
                .write(result, KMeansOptions.summary(config, context.seed(), result.restart()));
        output.output(KV.of(restarts.table(), part));
      } catch (IllegalArgumentException e) {
        throw new StageException(
            "step %s, table %s: %s".formatted(context.step(), table.getTable(), e.getMessage()), e);
      }
    }

    private KMeans.Result fit(FeatureReader features, Restarts restarts) {
      ClusterConfig config = context.config();
      KMeans kmeans =
          new KMeans(
                  product, ClusterStage.clusters(context), restarts.count(), config.getIterations())
              .withStart(KMeansOptions.start(config))
              .withEmptyClusters(KMeansOptions.emptyClusters(config));
      Similarity similarity = Similarity.of(config.getMetric());
      int dimension = features.dimension();
      float[] rows = features.vectors(0, features.size());
      try {
        KMeans.Result result =
            kmeans.fit(similarity, rows, dimension, context.seed(), restarts.first());
        return config.hasBalanced()
            ? KMeansOptions.balanced(config).fit(similarity, rows, dimension, result)
            : result;
      } catch (RowException e) {
        throw features.unusable(e.row(), e.problem());
      }
    }
  }
}
