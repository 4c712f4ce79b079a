package org.kindred.pipelines.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.artifact.Manifests;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * What was made from what.
 *
 * @param graph the drawing
 * @param rows the steps
 */
record LineageSection(LineageGraph graph, List<Row> rows) implements Section {

  /**
   * One step.
   *
   * @param id its id
   * @param stage its stage and the implementation's version
   * @param action what was done
   * @param reason why
   * @param time how long it took
   * @param type type of its artifact, empty when that is not in the store
   * @param digest digest of its artifact
   * @param tables the artifact's tables with their rows
   * @param bytes size of the artifact
   * @param inputs what it read
   * @param seed seed of its random draws
   * @param configuration its whole configuration as YAML
   */
  record Row(
      String id,
      String stage,
      String action,
      String reason,
      String time,
      String type,
      String digest,
      List<String> tables,
      String bytes,
      List<Input> inputs,
      String seed,
      String configuration) {}

  /**
   * One input of a step.
   *
   * @param name the stage's name for it
   * @param from the step that made it, or the type of an artifact from outside the run
   * @param digest its digest
   */
  record Input(String name, String from, String digest) {}

  @Override
  public String anchor() {
    return "lineage";
  }

  @Override
  public String heading() {
    return "Lineage";
  }

  static List<LineageSection> of(RunArtifacts artifacts) {
    List<RunStep> steps = artifacts.run().getStepsList();
    return steps.isEmpty()
        ? List.of()
        : List.of(
            new LineageSection(
                LineageGraph.of(steps), steps.stream().map(step -> row(step, artifacts)).toList()));
  }

  private static Row row(RunStep step, RunArtifacts artifacts) {
    Producer producer = step.getProducer();
    Optional<StoredArtifact> artifact =
        artifacts.step(step.getId()).map(RunArtifacts.Step::artifact);
    return new Row(
        step.getId(),
        "%s v%d".formatted(step.getStage(), producer.getImplementationVersion()),
        action(step),
        step.getReason(),
        Formats.duration(step.getSeconds()),
        artifact.map(a -> Manifests.typeName(a.type())).orElse(""),
        step.getArtifact(),
        artifact.map(LineageSection::tables).orElse(List.of()),
        artifact.map(LineageSection::bytes).orElse("–"),
        producer.getInputsList().stream()
            .map(input -> input(input, artifacts.run().getStepsList()))
            .toList(),
        Long.toUnsignedString(producer.getSeed()),
        ConfigText.of(producer.getConfig()));
  }

  /** Returns what was done with a step, in one word. */
  static String action(RunStep step) {
    return switch (step.getAction()) {
      case STEP_ACTION_REUSED -> "reused";
      case STEP_ACTION_STARTED -> "started";
      case STEP_ACTION_FAILED -> "failed";
      case STEP_ACTION_CANCELLED -> "cancelled";
      case STEP_ACTION_RAN, STEP_ACTION_UNSPECIFIED, UNRECOGNIZED -> "ran";
    };
  }

  private static List<String> tables(StoredArtifact artifact) {
    Map<String, Long> rows =
        artifact.content().getFilesList().stream()
            .filter(file -> !file.getTable().isEmpty())
            .collect(
                Collectors.groupingBy(
                    DataFile::getTable,
                    LinkedHashMap::new,
                    Collectors.summingLong(DataFile::getRows)));
    List<String> tables = new ArrayList<>();
    rows.forEach((table, count) -> tables.add(table + " " + Formats.count(count)));
    return tables;
  }

  private static String bytes(StoredArtifact artifact) {
    return Formats.bytes(
        artifact.content().getFilesList().stream().mapToLong(DataFile::getBytes).sum());
  }

  private static Input input(InputRef input, List<RunStep> steps) {
    String from =
        steps.stream()
            .filter(step -> step.getArtifact().equals(input.getDigest()))
            .map(RunStep::getId)
            .findFirst()
            .orElse(Manifests.typeName(input.getType()) + " from outside this run");
    return new Input(input.getName(), from, input.getDigest());
  }
}
