package org.kindred.stages.evaluate;

import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.models.neighbors.Tile;
import org.kindred.models.neighbors.WeightedKnn;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.KnnProtocol;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StepFn;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.features.FeatureReader;

/**
 * Classifies runs of queries by the weighted vote of their nearest base examples. Its parts give
 * how many were right; the run of a gallery's query also writes that query's neighbours.
 */
final class ClassifyQueries
    extends PTransform<PCollection<ClassifyQueries.Item>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  /** Queries of one work item. */
  static final int QUERIES = 2000;

  /** Bytes of base vectors that a work item holds at a time. */
  private static final int TILE_BYTES = 64 << 20;

  private static final String TOP_1 = "knn_top1";
  private static final String TOP_5 = "knn_top5";

  /** Number of the kind of feature whose neighbours are shown: the first layer's learned ones. */
  static final int GALLERY_FEATURES = 0;

  private final StageContext<EvaluateConfig> context;

  ClassifyQueries(StageContext<EvaluateConfig> context) {
    this.context = context;
  }

  /**
   * A run of queries in one kind of feature.
   *
   * @param table number of the kind of feature
   * @param first position of the first query
   * @param count queries
   */
  record Item(int table, int first, int count) implements Serializable {}

  /**
   * Returns whether a part's metric is a number of right answers, to be divided by the number of
   * queries.
   */
  static boolean isCount(MetricValue metric) {
    return metric.getName().equals(TOP_1) || metric.getName().equals(TOP_5);
  }

  /** Returns the positions of the gallery's queries: they are spread evenly over the split. */
  static IntStream galleryQueries(EvaluateConfig config, int queries) {
    int wanted = Math.min(config.getGalleryQueries(), queries);
    return IntStream.range(0, wanted).map(q -> (int) ((2L * q + 1) * queries / (2L * wanted)));
  }

  /**
   * Returns the bytes that a work item holds at least.
   *
   * @param dimension length of a row
   * @param neighbors neighbours of a query
   */
  static double heapBytes(int dimension, int neighbors) {
    return 2.0 * TILE_BYTES + QUERIES * ExactSearch.bytesOfRow(neighbors, dimension);
  }

  @Override
  public PCollection<Part> expand(PCollection<Item> items) {
    return items.apply("Vote", ParDo.of(new VoteFn(context)));
  }

  static final class VoteFn extends StepFn<Item, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<EvaluateConfig> context;
    private transient MatrixProduct product;

    VoteFn(StageContext<EvaluateConfig> context) {
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
    public void process(@Element Item item, OutputReceiver<Part> output) throws IOException {
      EvaluateConfig config = context.config();
      FeatureTable table = EvaluateStage.features(context).get(item.table());
      try (FeatureReader queries =
              FeatureReader.open(
                  context.input(EvaluateStage.EMBEDDINGS), table, config.getQuerySplit());
          FeatureReader base =
              FeatureReader.open(
                  context.input(EvaluateStage.EMBEDDINGS), table, config.getBaseSplit())) {
        NeighborLists neighbors = search(queries, base, item);
        int[] predictions = new int[item.count()];
        Evaluation counts = vote(queries, base, neighbors, table, predictions);
        List<StagedFile> files =
            item.table() == GALLERY_FEATURES
                ? gallery(queries, base, neighbors, predictions)
                : List.of();
        output.output(Part.of(files, Content.newBuilder().setEvaluation(counts).build()));
      } catch (IllegalArgumentException e) {
        throw new StageException("step %s: %s".formatted(context.step(), e.getMessage()), e);
      }
    }

    private NeighborLists search(FeatureReader queries, FeatureReader base, Item item) {
      int dimension = queries.dimension();
      ExactSearch search = new ExactSearch(product, context.config().getKnn().getK());
      Tile query =
          Tile.of(
              Similarity.COSINE,
              item.first(),
              dimension,
              queries.vectors(item.first(), item.count()));
      int tileRows = Math.max(1, TILE_BYTES / Float.BYTES / dimension);
      NeighborLists nearest = null;
      for (int first = 0; first < base.size(); first += tileRows) {
        int count = Math.min(tileRows, base.size() - first);
        Tile tile = Tile.of(Similarity.COSINE, first, dimension, base.vectors(first, count));
        NeighborLists found = search.search(query, tile);
        nearest = nearest == null ? found : nearest.merge(found);
      }
      return nearest;
    }

    private Evaluation vote(
        FeatureReader queries,
        FeatureReader base,
        NeighborLists neighbors,
        FeatureTable table,
        int[] predictions) {
      KnnProtocol knn = context.config().getKnn();
      int classes =
          context.input(EvaluateStage.EMBEDDINGS).content().getEmbeddingSet().getClassNamesCount();
      WeightedKnn classifier = new WeightedKnn(classes, knn.getTemperature());
      int k = neighbors.width();
      int[] labels = new int[k];
      float[] similarities = new float[k];
      int top1 = 0;
      int top5 = 0;
      for (int i = 0; i < neighbors.rows(); i++) {
        for (int j = 0; j < k; j++) {
          labels[j] = base.label(neighbors.ids()[i * k + j]);
          similarities[j] = neighbors.similarities()[i * k + j];
        }
        double[] probabilities = classifier.probabilities(similarities, labels);
        predictions[i] = classifier.predict(probabilities);
        int rank = classifier.rank(probabilities, queries.label(neighbors.first() + i));
        top1 += rank < 1 ? 1 : 0;
        top5 += rank < 5 ? 1 : 0;
      }
      String protocol = protocol(queries, base, knn, k);
      Evaluation.Builder counts =
          Evaluation.newBuilder().addMetrics(count(TOP_1, top1, table, protocol));
      if (classes > 5) {
        counts.addMetrics(count(TOP_5, top5, table, protocol));
      }
      return counts.build();
    }

    private String protocol(FeatureReader queries, FeatureReader base, KnnProtocol knn, int k) {
      return String.format(
          Locale.ROOT,
          "weighted kNN, K=%d, temperature %s, cosine, queries %s (%d), base %s (%d), features recomputed",
          k,
          knn.getTemperature(),
          context.config().getQuerySplit(),
          queries.size(),
          context.config().getBaseSplit(),
          base.size());
    }

    private static MetricValue count(String name, int right, FeatureTable table, String protocol) {
      return MetricValue.newBuilder()
          .setName(name)
          .setValue(right)
          .setFeatures(table.getSource())
          .setLayer(table.getLayer())
          .setProtocol(protocol)
          .build();
    }

    /** Writes the neighbours of those gallery queries that are in this run. */
    private List<StagedFile> gallery(
        FeatureReader queries, FeatureReader base, NeighborLists neighbors, int[] predictions)
        throws IOException {
      List<Integer> here =
          galleryQueries(context.config(), queries.size())
              .map(query -> query - neighbors.first())
              .filter(row -> row >= 0 && row < neighbors.rows())
              .boxed()
              .toList();
      if (here.isEmpty()) {
        return List.of();
      }
      int width = context.config().getGalleryNeighbors();
      int number = neighbors.first() / QUERIES;
      Map<String, String> metadata = Map.of("metric", Metric.METRIC_COSINE.name());
      try (Shard shard =
          context.staging().newShard(Tables.GALLERY, number, Tables.gallery(width), metadata)) {
        for (int row : here) {
          writeQuery(shard.writer(), row, queries, base, neighbors, predictions[row]);
        }
        return List.of(shard.finish());
      }
    }

    private void writeQuery(
        TableWriter out,
        int row,
        FeatureReader queries,
        FeatureReader base,
        NeighborLists neighbors,
        int predicted)
        throws IOException {
      int width = context.config().getGalleryNeighbors();
      long[] ids = new long[width];
      int[] labels = new int[width];
      for (int j = 0; j < width; j++) {
        int position = neighbors.ids()[row * neighbors.width() + j];
        ids[j] = base.id(position);
        labels[j] = base.label(position);
      }
      int query = neighbors.first() + row;
      out.nextRow();
      out.put(0, queries.id(query));
      out.putLabel(1, queries.label(query));
      out.put(2, predicted);
      out.put(3, ids, 0);
      out.put(4, labels, 0);
      out.put(5, neighbors.similarities(), row * neighbors.width());
    }
  }
}
