package org.kindred.stages.pretrain;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.models.neighbors.Tile;
import org.kindred.models.neighbors.WeightedKnn;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.models.training.ImageEmbedder;
import org.kindred.proto.pipeline.v1.Monitor;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.ViewMaker;

/**
 * Labelled examples of the training split that show, without touching the test split, whether
 * training goes the right way: at most 1,000 are classified by the weighted vote of at most 5,000
 * others.
 */
final class HoldOut implements AutoCloseable {
  private static final int MAX_QUERIES = 1000;
  private static final int MAX_BASE = 5000;

  private final Monitor config;
  private final int classes;
  private final int[] queryLabels;
  private final int[] baseLabels;
  private final WatchedImages images;
  private final int[] rows;
  private final ViewMaker maker;

  /** Opened when training runs: a TensorFlow session that is open before it fixes its threads. */
  private MatrixProduct product;

  HoldOut(StageContext<PretrainConfig> context, DatasetReader dataset) {
    this.config = context.config().getMonitor();
    this.images = new WatchedImages(dataset, context.seed());
    this.rows = IntStream.range(0, dataset.size()).filter(row -> dataset.label(row) >= 0).toArray();
    new CounterRandom(Domain.HOLDOUT, context.seed(), 0, 0, 0).shuffle(rows);
    int queries = queries(config, rows.length);
    int base = base(queries, rows.length);
    int[] labels = IntStream.of(rows).limit(queries + base).map(dataset::label).toArray();
    this.queryLabels = IntStream.range(0, queries).map(i -> labels[i]).toArray();
    this.baseLabels = IntStream.range(queries, queries + base).map(i -> labels[i]).toArray();
    this.classes = IntStream.of(labels).max().orElse(-1) + 1;
    this.maker = new ViewMaker(PretrainStage.evaluationRecipe(context.config()));
    dataset.checkSizes(maker);
  }

  private static int queries(Monitor config, int labelled) {
    return Math.min(MAX_QUERIES, (int) (labelled * config.getHoldout()));
  }

  private static int base(int queries, int labelled) {
    return queries == 0 ? 0 : Math.min(MAX_BASE, labelled - queries);
  }

  /** Returns how many images are embedded after each epoch, of so many that have labels. */
  static int images(Monitor config, int labelled) {
    int queries = queries(config, labelled);
    return queries + base(queries, labelled);
  }

  /** Returns the share of queries that are classified right, or nothing if there are none. */
  OptionalDouble accuracy(ImageEmbedder embedder) {
    if (queryLabels.length == 0) {
      return OptionalDouble.empty();
    }
    Tile queries = embed(embedder, 0, queryLabels.length);
    Tile base = embed(embedder, queryLabels.length, baseLabels.length);
    int k = Math.min(config.getK(), baseLabels.length);
    if (product == null) {
      product = new MatrixProduct();
    }
    NeighborLists neighbors = new ExactSearch(product, k).search(queries, base);
    WeightedKnn classifier = new WeightedKnn(classes, config.getTemperature());
    int[] labels = new int[k];
    float[] similarities = new float[k];
    int right = 0;
    for (int i = 0; i < queryLabels.length; i++) {
      for (int j = 0; j < k; j++) {
        labels[j] = baseLabels[neighbors.ids()[i * k + j]];
        similarities[j] = neighbors.similarities()[i * k + j];
      }
      int predicted = classifier.predict(classifier.probabilities(similarities, labels));
      right += predicted == queryLabels[i] ? 1 : 0;
    }
    return OptionalDouble.of((double) right / queryLabels.length);
  }

  private Tile embed(ImageEmbedder embedder, int first, int count) {
    int[] some = Arrays.copyOfRange(rows, first, first + count);
    float[] embeddings = images.embed(embedder, maker, some, 0, 0);
    return Tile.of(Similarity.COSINE, 0, embeddings.length / count, embeddings);
  }

  @Override
  public void close() {
    if (product != null) {
      product.close();
    }
  }
}
