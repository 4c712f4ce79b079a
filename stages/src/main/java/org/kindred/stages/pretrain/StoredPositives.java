package org.kindred.stages.pretrain;

import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.kindred.models.objective.Objectives;
import org.kindred.models.objective.PositiveLists;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.dataset.DatasetReader;

/**
 * The positives of a PositiveSet, for objectives that take theirs from outside. It speaks of
 * examples by their ids, training by their positions in the split.
 */
final class StoredPositives {
  private static final String NAME = PretrainStage.POSITIVES;

  /** Most that one array holds on every virtual machine. */
  private static final int MAX_POSITIVES = Integer.MAX_VALUE - 8;

  private StoredPositives() {}

  /** Checks that the input is bound just when the objective reads it. */
  static void checkBound(PretrainConfig config, Set<String> bound) {
    boolean isRead = Objectives.create(config.getObjective()).readsPositives();
    String objective = PretrainStage.objectiveName(config);
    if (isRead && !bound.contains(NAME)) {
      throw new StageException(
          "input %s is not set, which pretrain.objective.%s reads: set `inputs: {%s: STEP}` or `{%s: artifact:REF}`, a PositiveSet"
              .formatted(NAME, objective, NAME, NAME));
    }
    if (!isRead && bound.contains(NAME)) {
      throw new StageException(
          "input %s is set, which pretrain.objective.%s does not read; invp with from_positive_set does"
              .formatted(NAME, objective));
    }
  }

  /**
   * Checks by the manifest alone that the set, if there is one, has positives of the split's
   * examples.
   */
  static void check(StageContext<PretrainConfig> context, Split split) {
    if (context.optionalInput(NAME).isEmpty()) {
      return;
    }
    PositiveSet set = set(context.input(NAME));
    context.checkMadeOf(NAME, set.getDataset(), PretrainStage.DATASET);
    if (!set.getSplit().equals(split.getName())) {
      throw new StageException(
          "input %s of step %s has the positives of split %s, valid is pretrain.split, %s"
              .formatted(NAME, context.step(), set.getSplit(), split.getName()));
    }
    if (set.getNodes() != split.getExamples()) {
      throw new StageException(
          "input %s of step %s has the positives of %d examples, valid is all %d of split %s"
              .formatted(
                  NAME, context.step(), set.getNodes(), split.getExamples(), split.getName()));
    }
    if (set.getPositives() > MAX_POSITIVES) {
      throw new StageException(
          "input %s of step %s has %d positives, valid is 1 to %d: propagate.max_positives makes them less"
              .formatted(NAME, context.step(), set.getPositives(), MAX_POSITIVES));
    }
  }

  private static PositiveSet set(StoredArtifact artifact) {
    return artifact.content().getPositiveSet();
  }

  /** Returns the bytes of Java heap that they take at least, as far as the manifest tells. */
  static double heapBytes(StageContext<PretrainConfig> context) {
    return context
        .optionalInput(NAME)
        .map(
            artifact ->
                (double) Integer.BYTES
                    * (set(artifact).getPositives() + 2 * set(artifact).getNodes()))
        .orElse(0.0);
  }

  /**
   * Reads the positives of every example; nothing when the step has no such input.
   *
   * @throws StageException naming an example that the set lacks, or that the split does
   */
  static Optional<PositiveLists> read(StageContext<PretrainConfig> context, DatasetReader dataset)
      throws IOException {
    Optional<StoredArtifact> artifact = context.optionalInput(NAME);
    if (artifact.isEmpty()) {
      return Optional.empty();
    }
    try (MappedTable table = MappedTable.open(artifact.get().localTable(Tables.POSITIVES))) {
      long[] ids = IntStream.range(0, dataset.size()).mapToLong(dataset::id).toArray();
      checkNodes(context, table.longs("id"), ids);
      int[] counts = new int[ids.length];
      int[] positions = new int[Math.toIntExact(set(artifact.get()).getPositives())];
      int end = 0;
      for (int example = 0; example < ids.length; example++) {
        long[] positives = table.longList("positives", example);
        counts[example] = positives.length;
        if (positives.length > positions.length - end) {
          throw new StageException(
              "input %s of step %s has more positives than the %d that its manifest tells"
                  .formatted(NAME, context.step(), positions.length));
        }
        for (long positive : positives) {
          positions[end++] = position(context, ids, ids[example], positive);
        }
      }
      return Optional.of(lists(context, counts, positions));
    }
  }

  /** Both are in order of id. */
  private static void checkNodes(
      StageContext<PretrainConfig> context, long[] nodes, long[] examples) {
    for (int i = 0; i < examples.length; i++) {
      if (i >= nodes.length || nodes[i] != examples[i]) {
        throw new StageException(
            i < nodes.length && nodes[i] < examples[i]
                ? "input %s of step %s has positives of example %d, which split %s lacks"
                    .formatted(NAME, context.step(), nodes[i], context.config().getSplit())
                : "input %s of step %s lacks example %d of split %s"
                    .formatted(NAME, context.step(), examples[i], context.config().getSplit()));
      }
    }
  }

  private static int position(
      StageContext<PretrainConfig> context, long[] ids, long anchor, long positive) {
    int position = Arrays.binarySearch(ids, positive);
    if (position < 0) {
      throw new StageException(
          "input %s of step %s names example %d as a positive of %d, which split %s lacks"
              .formatted(NAME, context.step(), positive, anchor, context.config().getSplit()));
    }
    return position;
  }

  private static PositiveLists lists(
      StageContext<PretrainConfig> context, int[] counts, int[] positions) {
    try {
      return new PositiveLists(counts, positions);
    } catch (IllegalArgumentException e) {
      throw new StageException(
          "input %s of step %s: %s".formatted(NAME, context.step(), e.getMessage()), e);
    }
  }
}
