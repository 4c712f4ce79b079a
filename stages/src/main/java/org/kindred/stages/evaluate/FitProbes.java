package org.kindred.stages.evaluate;

import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.classification.ClassAccuracy;
import org.kindred.models.linalg.RowException;
import org.kindred.models.probe.LabelledRows;
import org.kindred.models.probe.LinearClassifier;
import org.kindred.models.probe.SoftmaxRegression;
import org.kindred.models.probe.SoftmaxRegression.Fit;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.LinearProbeFit;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.LinearProbe;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.Schedule.KindCase;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StepFn;
import org.kindred.stages.features.FeatureReader;

/** Fits a linear probe to each kind of feature, given by its number, and classifies all queries. */
final class FitProbes extends PTransform<PCollection<Integer>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<EvaluateConfig> context;

  FitProbes(StageContext<EvaluateConfig> context) {
    this.context = context;
  }

  @Override
  public PCollection<Part> expand(PCollection<Integer> tables) {
    return tables.apply("Fit Probe", ParDo.of(new FitFn(context)));
  }

  /** The rows of a split, read from their files each time. */
  private record SplitRows(FeatureReader reader) implements LabelledRows {
    @Override
    public int size() {
      return reader.size();
    }

    @Override
    public int dimension() {
      return reader.dimension();
    }

    @Override
    public int label(int row) {
      return reader.label(row);
    }

    @Override
    public void copy(int row, float[] target, int at) {
      reader.copy(row, target, at);
    }
  }

  static final class FitFn extends StepFn<Integer, Part> {
    private static final long serialVersionUID = 1L;
    private static final TextFormat.Printer ONE_LINE =
        TextFormat.printer().emittingSingleLine(true);

    private final StageContext<EvaluateConfig> context;

    FitFn(StageContext<EvaluateConfig> context) {
      this.context = context;
    }

    @ProcessElement
    public void process(@Element Integer number, OutputReceiver<Part> output)
        throws IOException, InterruptedException {
      EvaluateConfig config = context.config();
      FeatureTable table = EvaluateStage.probedFeatures(context).get(number);
      try (FeatureReader queries =
              FeatureReader.open(
                  context.input(EvaluateStage.EMBEDDINGS), table, config.getQuerySplit());
          FeatureReader base =
              FeatureReader.open(
                  context.input(EvaluateStage.EMBEDDINGS), table, config.getBaseSplit())) {
        Fit fit = fit(base);
        Evaluation.Builder evaluation =
            Evaluation.newBuilder().addLinearProbes(describe(table, base, fit));
        addMetrics(
            evaluation,
            table,
            accuracy(fit.classifier(), queries),
            fit.classifier().classes(),
            protocol(queries, base));
        output.output(Part.of(List.of(), Content.newBuilder().setEvaluation(evaluation).build()));
      } catch (IllegalArgumentException e) {
        throw new StageException(
            "step %s, linear probe of table %s: %s"
                .formatted(context.step(), table.getTable(), e.getMessage()),
            e);
      }
    }

    private Fit fit(FeatureReader base) throws InterruptedException {
      SoftmaxRegression regression = new SoftmaxRegression(context.config().getLinearProbe());
      try {
        return regression.fit(new SplitRows(base), EvaluateStage.classes(context));
      } catch (RowException e) {
        throw base.unusable(e.row(), e.problem());
      }
    }

    private ClassAccuracy accuracy(LinearClassifier classifier, FeatureReader rows) {
      try {
        return classifier.accuracy(new SplitRows(rows));
      } catch (RowException e) {
        throw rows.unusable(e.row(), e.problem());
      }
    }

    private LinearProbeFit describe(FeatureTable table, FeatureReader base, Fit fit) {
      LinearProbeFit.Builder description =
          LinearProbeFit.newBuilder()
              .setFeatures(table)
              .setExamples(base.size())
              .setBaseTop1(accuracy(fit.classifier(), base).top(1));
      for (double loss : fit.losses()) {
        description.addLoss(loss);
      }
      return description.build();
    }

    private static void addMetrics(
        Evaluation.Builder evaluation,
        FeatureTable table,
        ClassAccuracy accuracy,
        int classes,
        String protocol) {
      MetricValue.Builder metric =
          MetricValue.newBuilder()
              .setFeatures(table.getSource())
              .setLayer(table.getLayer())
              .setProtocol(protocol);
      evaluation.addMetrics(metric.setName("linear_probe_top1").setValue(accuracy.top(1)));
      if (classes > 5) {
        evaluation.addMetrics(metric.setName("linear_probe_top5").setValue(accuracy.top(5)));
      }
      evaluation.addMetrics(
          metric.setName("linear_probe_mean_class_accuracy").setValue(accuracy.meanPerClass()));
    }

    private String protocol(FeatureReader queries, FeatureReader base) {
      LinearProbe probe = context.config().getLinearProbe();
      return String.format(
          Locale.ROOT,
          "linear probe, fast variant: features computed once, no augmentation, %s; softmax regression"
              + " by SGD, %d epochs, batch %d, learning rate %s, %s, momentum %s, weight decay %s,"
              + " seed %s; queries %s (%d), base %s (%d)",
          probe.getStandardize() ? "standardised on the base" : "not standardised",
          probe.getEpochs(),
          probe.getBatchSize(),
          probe.getLearningRate(),
          schedule(probe.getSchedule()),
          probe.getMomentum(),
          probe.getWeightDecay(),
          Long.toUnsignedString(probe.getSeed()),
          context.config().getQuerySplit(),
          queries.size(),
          context.config().getBaseSplit(),
          base.size());
    }

    private static String schedule(Schedule schedule) {
      int rounds = schedule.getRestartEpochs();
      String kind =
          schedule.getKindCase() == KindCase.KIND_NOT_SET
              ? "cosine to 0"
              : "schedule " + ONE_LINE.printToString(schedule.toBuilder().clearRestartEpochs());
      return kind.strip() + (rounds > 0 ? " in rounds of " + rounds + " epochs" : "");
    }
  }
}
