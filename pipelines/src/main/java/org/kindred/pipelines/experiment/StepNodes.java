package org.kindred.pipelines.experiment;

import java.util.List;
import org.kindred.pipelines.experiment.YamlNode.Mapping;
import org.kindred.pipelines.experiment.YamlNode.Scalar;
import org.kindred.pipelines.experiment.YamlNode.Sequence;

/** Finds the steps of a document that has not been checked yet. */
final class StepNodes {
  private StepNodes() {}

  /** The items under {@code steps}; none when there is no such list. */
  static List<YamlNode> of(YamlNode document) {
    return document instanceof Mapping mapping && mapping.get("steps") instanceof Sequence steps
        ? steps.items()
        : List.of();
  }

  /** The id of each step, its stage's name when it has none; blank when it has neither. */
  static List<String> ids(YamlNode document) {
    return of(document).stream()
        .map(step -> step instanceof Mapping mapping ? text(idNode(mapping)) : "")
        .toList();
  }

  /** What names the step: its {@code id}, else its {@code stage}; null when it has neither. */
  static YamlNode idNode(Mapping step) {
    return step.get("id") == null ? step.get("stage") : step.get("id");
  }

  /** The text of a scalar; blank for anything else. */
  static String text(YamlNode node) {
    return node instanceof Scalar scalar ? scalar.text() : "";
  }
}
