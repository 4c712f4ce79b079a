package org.kindred.models.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.TextFormat;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.models.Golden;
import org.kindred.models.linalg.RowException;
import org.kindred.models.probe.SoftmaxRegression.Fit;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.pipeline.v1.Drop;
import org.kindred.proto.pipeline.v1.LinearProbe;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.StepSchedule;

final class SoftmaxRegressionTest {

  private static final int CLASSES = 4;
  private static final int DIMENSION = 6;

  private static LinearProbe.Builder config() {
    return LinearProbe.newBuilder();
  }

  /** Every step sees all rows, so that descent goes down to the very optimum. */
  private static LinearProbe.Builder wholeBatches() {
    return config().setBatchSize(65536).setEpochs(1500).setLearningRate(0.5);
  }

  private static Fit fit(LinearProbe.Builder config, LabelledRows rows)
      throws InterruptedException {
    return new SoftmaxRegression(config.build()).fit(rows, CLASSES);
  }

  /** Row i, of class i mod 4, lies near axis i mod 4, and all rows have noise of this width. */
  private static float[] features(int count, double noise, long seed) {
    CounterRandom random = new CounterRandom(Domain.NOISE, seed, 0, 0, 0);
    float[] values = new float[count * DIMENSION];
    for (int i = 0; i < values.length; i++) {
      boolean ofClass = i % DIMENSION == i / DIMENSION % CLASSES;
      values[i] = (float) ((ofClass ? 1 : 0) + random.uniform(-noise, noise));
    }
    return values;
  }

  private static int[] labels(int count) {
    return IntStream.range(0, count).map(i -> i % CLASSES).toArray();
  }

  private static int[] shuffled(int count, long seed) {
    int[] labels = labels(count);
    new CounterRandom(Domain.NOISE, seed, 0, 1, 0).shuffle(labels);
    return labels;
  }

  private static LabelledRows rows(int count, double noise, long seed) {
    return LabelledRows.of(features(count, noise, seed), DIMENSION, labels(count));
  }

  private static double accuracy(Fit fit, LabelledRows rows) {
    return fit.classifier().accuracy(rows).top(1);
  }

  /** W, row by row. */
  private static float[] weights(Fit fit) {
    float[][] weights = fit.classifier().weights();
    FloatBuffer flat = FloatBuffer.allocate(weights.length * weights[0].length);
    for (float[] ofClass : weights) {
      flat.put(ofClass);
    }
    return flat.array();
  }

  private static double last(Fit fit) {
    return fit.losses()[fit.losses().length - 1];
  }

  /** scikit-learn's LogisticRegression found it by another method. */
  @Test
  void goldenOptimumOfInseparableClasses() throws InterruptedException {
    Golden golden = Golden.only("softmax_regression", "three_classes");
    LabelledRows rows =
        LabelledRows.of(
            Golden.floats(golden.inputs().required("features")),
            4,
            Golden.ints(golden.inputs().required("labels")));
    Fit fit = new SoftmaxRegression(wholeBatches().build()).fit(rows, 3);
    golden.check(weights(fit), golden.expected().required("weights"));
    golden.check(fit.classifier().bias(), golden.expected().required("bias"));
    assertThat(last(fit)).isCloseTo(golden.expected().required("loss").doubleValue(), within(1e-5));
    assertThat(accuracy(fit, rows)).isEqualTo(golden.expected().required("accuracy").doubleValue());
  }

  /** The penalised loss has no gradient at the end; features are as they came. */
  @Test
  void weightDecayIsASquaredPenalty() throws InterruptedException {
    double decay = 0.01;
    float[] features = features(200, 1, 3);
    Fit fit =
        fit(
            wholeBatches().setStandardize(false).setWeightDecay(decay),
            LabelledRows.of(features, DIMENSION, labels(200)));
    float[] weights = weights(fit);
    float[] bias = fit.classifier().bias();
    double[] gradient = new double[CLASSES * (DIMENSION + 1)];
    for (int row = 0; row < 200; row++) {
      double[] errors = softmax(weights, bias, features, row);
      errors[row % CLASSES] -= 1;
      for (int c = 0; c < CLASSES; c++) {
        gradient[CLASSES * DIMENSION + c] += errors[c] / 200;
        for (int d = 0; d < DIMENSION; d++) {
          gradient[c * DIMENSION + d] += errors[c] * features[row * DIMENSION + d] / 200;
        }
      }
    }
    for (int i = 0; i < gradient.length; i++) {
      double parameter = i < weights.length ? weights[i] : bias[i - weights.length];
      assertThat(gradient[i]).as("of parameter %d", i).isCloseTo(-decay * parameter, within(1e-5));
    }
    assertThat(weights[0]).isGreaterThan(0.5f);
  }

  private static double[] softmax(float[] weights, float[] bias, float[] features, int row) {
    double[] values = new double[CLASSES];
    for (int c = 0; c < CLASSES; c++) {
      values[c] = bias[c];
      for (int d = 0; d < DIMENSION; d++) {
        values[c] += (double) weights[c * DIMENSION + d] * features[row * DIMENSION + d];
      }
      values[c] = Math.exp(values[c]);
    }
    double sum = Arrays.stream(values).sum();
    return Arrays.stream(values).map(value -> value / sum).toArray();
  }

  @Test
  void separableClassesAreToldApart() throws InterruptedException {
    Fit fit = fit(config(), rows(1000, 0.3, 1));
    assertThat(accuracy(fit, rows(1000, 0.3, 1))).isEqualTo(1);
    assertThat(accuracy(fit, rows(1000, 0.3, 2))).isEqualTo(1);
    assertThat(fit.losses()).hasSize(100);
    assertThat(fit.losses()[0]).isLessThan(Math.log(CLASSES));
    assertThat(last(fit)).isLessThan(0.05).isLessThan(fit.losses()[0] / 5);
    assertThat(fit.classifier().accuracy(rows(400, 0.3, 2)).meanPerClass()).isEqualTo(1);
  }

  @Test
  void shuffledLabelsGiveChance() throws InterruptedException {
    LabelledRows base = LabelledRows.of(features(4000, 0.3, 1), DIMENSION, shuffled(4000, 1));
    LabelledRows queries = LabelledRows.of(features(4000, 0.3, 2), DIMENSION, shuffled(4000, 2));
    Fit fit = fit(config().setEpochs(20), base);
    assertThat(accuracy(fit, queries)).isCloseTo(0.25, within(0.03));
    assertThat(last(fit)).isCloseTo(Math.log(CLASSES), within(0.01));
  }

  @Test
  void sameSeedSameBits() throws InterruptedException {
    LinearProbe.Builder config = config().setEpochs(5).setSeed(3);
    LabelledRows rows = rows(1000, 1, 1);
    Fit first = fit(config, rows);
    Fit again = fit(config, rows);
    assertThat(weights(again)).containsExactly(weights(first));
    assertThat(again.classifier().bias()).containsExactly(first.classifier().bias());
    assertThat(again.losses()).containsExactly(first.losses());
    Fit other = fit(config.setSeed(4), rows);
    assertThat(weights(other)).isNotEqualTo(weights(first));
    assertThat(weights(other)[0]).isCloseTo(weights(first)[0], within(0.05f));
  }

  /** A parallel stream runs in the pool of the thread that starts it. */
  @Test
  void threadsDoNotShow() throws InterruptedException, ExecutionException {
    Fit one = fitWith(1);
    Fit many = fitWith(7);
    assertThat(weights(many)).containsExactly(weights(one));
    assertThat(many.classifier().bias()).containsExactly(one.classifier().bias());
    assertThat(many.losses()).containsExactly(one.losses());
  }

  private static Fit fitWith(int threads) throws InterruptedException, ExecutionException {
    ForkJoinPool pool = new ForkJoinPool(threads);
    try {
      return pool.submit(() -> fit(config().setEpochs(3), rows(1001, 1, 1))).get();
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void unlikeScalesAndConstantFeaturesDoNotMatter() throws InterruptedException {
    float[] plain = features(500, 0.5, 1);
    float[] scaled = plain.clone();
    float[] moved = features(500, 0.5, 2);
    float[] movedScaled = moved.clone();
    for (int i = 0; i < plain.length; i += DIMENSION) {
      scaled[i] = 1000 * scaled[i] + 50_000;
      movedScaled[i] = 1000 * movedScaled[i] + 50_000;
      plain[i + 5] = 0;
      scaled[i + 5] = 7;
      moved[i + 5] = 0;
      movedScaled[i + 5] = 1e6f;
    }
    Fit one = fit(config(), LabelledRows.of(plain, DIMENSION, labels(500)));
    Fit other = fit(config(), LabelledRows.of(scaled, DIMENSION, labels(500)));
    assertThat(weights(other)).containsExactly(weights(one), within(2e-3f));
    assertThat(weights(other)[5]).isZero();
    assertThat(accuracy(other, LabelledRows.of(movedScaled, DIMENSION, labels(500))))
        .isCloseTo(accuracy(one, LabelledRows.of(moved, DIMENSION, labels(500))), within(0.005))
        .isGreaterThan(0.7);
  }

  /** Ten rows in batches of at most four are three batches, of three or four rows. */
  @Test
  void everyRowIsReadOnceInAnEpoch() throws InterruptedException {
    LabelledRows rows = rows(10, 0.3, 1);
    int[] reads = new int[10];
    LabelledRows counted =
        new LabelledRows() {
          @Override
          public int size() {
            return rows.size();
          }

          @Override
          public int dimension() {
            return rows.dimension();
          }

          @Override
          public int label(int row) {
            return rows.label(row);
          }

          @Override
          public void copy(int row, float[] target, int at) {
            reads[row]++;
            rows.copy(row, target, at);
          }
        };
    fit(config().setBatchSize(4).setEpochs(6), counted);
    assertThat(reads).as("once to standardise, then by six epochs").containsOnly(7);
  }

  @Test
  void theScheduleIsFollowed() throws InterruptedException {
    Schedule drop =
        Schedule.newBuilder()
            .setSteps(
                StepSchedule.newBuilder()
                    .addDrops(Drop.newBuilder().setEpoch(1).setFactor(0).build()))
            .build();
    LabelledRows rows = rows(600, 0.3, 1);
    Fit stopped = fit(config().setEpochs(4).setSchedule(drop), rows);
    Fit once = fit(config().setEpochs(1), rows);
    assertThat(weights(stopped)).containsExactly(weights(once));
    Fit cosine = fit(config().setEpochs(4), rows);
    assertThat(last(cosine)).isLessThan(last(stopped));
  }

  /** More rows than a block of scores holds; the classifier does not see where a block ends. */
  @Test
  void accuracyIsMeasuredInBlocks() throws InterruptedException {
    int dimension = 3000;
    int count = 3000;
    float[] values = new float[dimension * count];
    for (int i = 0; i < count; i++) {
      values[i * dimension + i % CLASSES] = 1;
    }
    LabelledRows rows = LabelledRows.of(values, dimension, labels(count));
    Fit fit = fit(config().setEpochs(1), rows);
    assertThat(accuracy(fit, rows)).isEqualTo(1);
    int[] wrong = labels(count);
    wrong[count - 1] = 0;
    wrong[0] = 1;
    assertThat(accuracy(fit, LabelledRows.of(values, dimension, wrong)))
        .isEqualTo((count - 2.0) / count);
  }

  @Test
  void namesWhatIsWrong() throws InterruptedException {
    float[] values = features(40, 0.3, 1);
    int[] labels = labels(40);
    labels[7] = CLASSES;
    LabelledRows mislabelled = LabelledRows.of(values, DIMENSION, labels);
    assertThatExceptionOfType(RowException.class)
        .isThrownBy(() -> fit(config(), mislabelled))
        .withMessage("row 7 has label 4, valid is 0 to 3");
    Fit fit = fit(config().setEpochs(1), rows(40, 0.3, 1));
    assertThatExceptionOfType(RowException.class)
        .isThrownBy(() -> accuracy(fit, mislabelled))
        .withMessage("row 7 has label 4, valid is 0 to 3");
    values[8 * DIMENSION + 2] = Float.NaN;
    LabelledRows notFinite = LabelledRows.of(values, DIMENSION, labels(40));
    String problem = "row 8 has NaN as value 2, valid are finite numbers";
    assertThatThrownBy(() -> fit(config(), notFinite)).hasMessage(problem);
    assertThatThrownBy(() -> fit(config().setStandardize(false), notFinite)).hasMessage(problem);
    assertThatThrownBy(() -> accuracy(fit, notFinite)).hasMessage(problem);
    LabelledRows none = LabelledRows.of(new float[0], DIMENSION, new int[0]);
    assertThatThrownBy(() -> fit(config(), none))
        .hasMessage("there are no rows of any class, valid are 1 or more");
    assertThatThrownBy(() -> accuracy(fit, LabelledRows.of(new float[3], 3, new int[1])))
        .hasMessage("rows have length 3, valid is 6, as the classifier's");
    assertThatThrownBy(() -> LabelledRows.of(new float[7], 3, new int[2]))
        .hasMessage("7 values are not 2 rows, one for each label, of length 3");
    assertThatThrownBy(() -> new SoftmaxRegression(config().build()).fit(mislabelled, 1))
        .hasMessage("classes is 1, valid is 2 or more");
    float[] far = features(40, 0.3, 1);
    far[8 * DIMENSION + 2] = Float.MAX_VALUE;
    assertThatExceptionOfType(RowException.class)
        .isThrownBy(() -> accuracy(fit, LabelledRows.of(far, DIMENSION, labels(40))))
        .withMessageMatching("row 8 has score .* for class 0, valid are finite numbers");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "batch_size: 0|batch_size is 0, valid is 1 or more",
        "epochs: 0|epochs is 0, valid is 1 or more",
        "learning_rate: 0|learning_rate is 0.0, valid is above 0, finite",
        "learning_rate: inf|learning_rate is Infinity, valid is above 0, finite",
        "momentum: 1|momentum is 1.0, valid is 0 to below 1",
        "momentum: nan|momentum is NaN, valid is 0 to below 1",
        "weight_decay: -1|weight_decay is -1.0, valid is 0 or more, finite",
        "schedule { cosine { warmup_epochs: 100 } }"
            + "|schedule.cosine.warmup_epochs is 100, valid is 0 to 99, less than the schedule's"
            + " epochs",
      })
  void refusesConfigurations(String config, String message) throws TextFormat.ParseException {
    LinearProbe probe = TextFormat.parse(config, LinearProbe.class);
    assertThatThrownBy(() -> new SoftmaxRegression(probe))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void saysThatItDiverged() {
    float[] large = features(40, 0.3, 1);
    for (int i = 0; i < large.length; i++) {
      large[i] *= 0x1p60f;
    }
    assertThatThrownBy(
            () ->
                fit(
                    config().setStandardize(false).setLearningRate(100),
                    LabelledRows.of(large, DIMENSION, labels(40))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at learning_rate 100.0, standardize false; a lower rate");
  }

  @Test
  void stopsWhenInterrupted() {
    Thread.currentThread().interrupt();
    assertThatExceptionOfType(InterruptedException.class)
        .isThrownBy(() -> fit(config(), rows(40, 0.3, 1)));
    assertThat(Thread.interrupted()).isFalse();
  }
}
