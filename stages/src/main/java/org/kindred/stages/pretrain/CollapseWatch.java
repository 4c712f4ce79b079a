package org.kindred.stages.pretrain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoublePredicate;
import org.kindred.models.linalg.SymmetricEigen;
import org.kindred.models.objective.Objectives;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.models.training.ImageEmbedder;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.ViewMaker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees whether a network maps all images to the same, or to few dimensions. After each epoch, of
 * some images and the unit rows f of their embeddings:
 *
 * <ul>
 *   <li>{@code embedding_std}: standard deviation of a coordinate, mean over the coordinates, times
 *       the root of their number: 1 when rows are spread over the sphere, 0 when all are equal
 *   <li>{@code effective_rank}: exp of the entropy of the singular values' shares (O. Roy, M.
 *       Vetterli, EUSIPCO 2007), 1 to the dimension
 *   <li>{@code uniformity}: ln of the mean of exp(-2 |f_x - f_y|^2) over pairs of different images,
 *       and {@code alignment}: mean of |f_x - f_x'|^2 over two training views of an image (T. Wang,
 *       P. Isola, ICML 2020, equations 1 and 2); lower is better of both, 0 the value of collapse
 * </ul>
 *
 * <p>An objective with prototypes reports the share of them in use and the entropy of their codes
 * over its greatest value; they are looked at too. Where the objective does not tell images apart,
 * embeddings that are alike are no sign of anything.
 */
final class CollapseWatch {
  static final String STD = "embedding_std";
  static final String RANK = "effective_rank";
  static final String UNIFORMITY = "uniformity";
  static final String ALIGNMENT = "alignment";

  /** All of them. */
  static final List<String> MEASURES = List.of(STD, RANK, UNIFORMITY, ALIGNMENT);

  private static final double LEAST_STD = 0.1;

  /** Least share of the ranks above 1 that the embeddings could have. */
  private static final double LEAST_RANK_SHARE = 0.01;

  private static final double GREATEST_UNIFORMITY = -0.1;
  private static final double LEAST_USED_PROTOTYPES = 0.05;
  private static final double GREATEST_CODE_ENTROPY = 0.999;

  private static final String REMEDIES =
      "a lower learning rate, a longer warm-up, fewer or softer crops, no batch norm in the head;"
          + " of SwAV a smaller epsilon (0.03), prototypes frozen for longer, hard codes or fewer"
          + " prototypes";

  private static final Logger LOG = LoggerFactory.getLogger(CollapseWatch.class);

  private final String step;
  private final WatchedImages images;
  private final int[] rows;
  private final ViewMaker evaluation;
  private final ViewMaker views;
  private final boolean watchesEmbeddings;

  CollapseWatch(StageContext<PretrainConfig> context, DatasetReader dataset) {
    this.step = context.step();
    this.images = new WatchedImages(dataset, context.seed());
    int[] all = new int[dataset.size()];
    Arrays.setAll(all, row -> row);
    new CounterRandom(Domain.HOLDOUT, context.seed(), 0, 0, 1).shuffle(all);
    this.rows = Arrays.copyOf(all, count(context.config(), dataset.size()));
    this.evaluation = new ViewMaker(PretrainStage.evaluationRecipe(context.config()));
    this.views = new ViewMaker(PretrainStage.viewRecipe(context.config()));
    this.watchesEmbeddings = Objectives.create(context.config().getObjective()).tellsImagesApart();
  }

  /** Returns how many images are looked at, each three times. */
  static int count(PretrainConfig config, int examples) {
    return Math.min(config.getMonitor().getCollapseImages(), examples);
  }

  /**
   * Measures an epoch, and says when it looks like collapse.
   *
   * @param epoch epoch, from 0
   * @param reported what the objective reports of it
   * @return the measurements by name; none when fewer than two images are looked at
   */
  Map<String, Double> measure(int epoch, Map<String, Double> reported, ImageEmbedder embedder) {
    Map<String, Double> measured = new TreeMap<>();
    int highestRank = 0;
    if (rows.length > 1) {
      float[] embeddings = images.embed(embedder, evaluation, rows, 0, 0);
      int dimension = embeddings.length / rows.length;
      highestRank = Math.min(rows.length, dimension);
      measured.put(STD, standardDeviation(embeddings, dimension));
      measured.put(RANK, effectiveRank(embeddings, dimension));
      measured.put(UNIFORMITY, uniformity(embeddings, dimension));
      measured.put(
          ALIGNMENT,
          alignment(
              images.embed(embedder, views, rows, epoch, 0),
              images.embed(embedder, views, rows, epoch, 1),
              rows.length));
    }
    List<String> signs = signs(watchesEmbeddings ? measured : Map.of(), highestRank, reported);
    if (!signs.isEmpty()) {
      LOG.warn(
          "step {}: after epoch {} the training looks collapsed: {}. What may help: {}",
          step,
          epoch + 1,
          String.join(", ", signs),
          REMEDIES);
    }
    return measured;
  }

  /**
   * Returns what looks like collapse.
   *
   * @param measured of the embeddings, as far as they are watched
   * @param highestRank that embeddings can have: their number, or their dimension if that is less
   * @param reported what the objective reports
   */
  static List<String> signs(
      Map<String, Double> measured, int highestRank, Map<String, Double> reported) {
    List<String> signs = new ArrayList<>();
    addIf(signs, measured, STD, value -> value < LEAST_STD, "below " + LEAST_STD);
    double leastRank = 1 + LEAST_RANK_SHARE * (highestRank - 1);
    addIf(
        signs,
        measured,
        RANK,
        value -> value < leastRank,
        String.format(Locale.ROOT, "below %.4g", leastRank));
    addIf(
        signs,
        measured,
        UNIFORMITY,
        value -> value > GREATEST_UNIFORMITY,
        "above " + GREATEST_UNIFORMITY);
    addIf(
        signs,
        reported,
        TrainingObjective.USED_PROTOTYPES,
        value -> value < LEAST_USED_PROTOTYPES,
        "below " + LEAST_USED_PROTOTYPES);
    addIf(
        signs,
        reported,
        TrainingObjective.CODE_ENTROPY,
        value -> value > GREATEST_CODE_ENTROPY,
        "above " + GREATEST_CODE_ENTROPY);
    return signs;
  }

  private static void addIf(
      List<String> signs,
      Map<String, Double> values,
      String name,
      DoublePredicate isSign,
      String range) {
    Double value = values.get(name);
    if (value != null && isSign.test(value)) {
      signs.add(String.format(Locale.ROOT, "%s is %.4g, %s", name, value, range));
    }
  }

  static double standardDeviation(float[] embeddings, int dimension) {
    int count = embeddings.length / dimension;
    double sum = 0;
    for (int d = 0; d < dimension; d++) {
      double mean = 0;
      double squares = 0;
      for (int row = 0; row < count; row++) {
        double value = embeddings[row * dimension + d];
        mean += value / count;
        squares += value * value / count;
      }
      sum += Math.sqrt(Math.max(0, squares - mean * mean));
    }
    return sum / dimension * Math.sqrt(dimension);
  }

  static double effectiveRank(float[] embeddings, int dimension) {
    double[] products = new double[dimension * dimension];
    for (int at = 0; at < embeddings.length; at += dimension) {
      for (int i = 0; i < dimension; i++) {
        for (int j = 0; j <= i; j++) {
          products[i * dimension + j] += (double) embeddings[at + i] * embeddings[at + j];
        }
      }
    }
    SymmetricEigen eigen = SymmetricEigen.of(products, dimension);
    double[] singular = new double[dimension];
    double sum = 0;
    for (int i = 0; i < dimension; i++) {
      singular[i] = Math.sqrt(Math.max(0, eigen.value(i)));
      sum += singular[i];
    }
    double entropy = 0;
    for (double value : singular) {
      double share = value / sum;
      entropy -= share > 0 ? share * Math.log(share) : 0;
    }
    return Math.exp(entropy);
  }

  static double uniformity(float[] embeddings, int dimension) {
    int count = embeddings.length / dimension;
    double sum = 0;
    for (int x = 0; x < count; x++) {
      for (int y = 0; y < x; y++) {
        sum += Math.exp(-2 * squaredDistance(embeddings, x, embeddings, y, dimension));
      }
    }
    return Math.log(sum / (count * (count - 1) / 2.0));
  }

  static double alignment(float[] first, float[] second, int count) {
    int dimension = first.length / count;
    double sum = 0;
    for (int row = 0; row < count; row++) {
      sum += squaredDistance(first, row, second, row, dimension);
    }
    return sum / count;
  }

  private static double squaredDistance(
      float[] left, int leftRow, float[] right, int rightRow, int dimension) {
    double sum = 0;
    for (int d = 0; d < dimension; d++) {
      double difference = (double) left[leftRow * dimension + d] - right[rightRow * dimension + d];
      sum += difference * difference;
    }
    return sum;
  }
}
