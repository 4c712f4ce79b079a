package org.kindred.pipelines.experiment;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.kindred.pipelines.experiment.YamlNode.Entry;
import org.kindred.pipelines.experiment.YamlNode.Mapping;
import org.kindred.pipelines.experiment.YamlNode.Sequence;
import org.kindred.proto.pipeline.v1.Experiment;

/**
 * Assignments {@code step.path=value} and {@code seed=value}, applied to the document before it is
 * typed. The nodes they add have the assignment as their place, so that whatever is wrong with a
 * field or value is found and worded as in a file.
 */
final class Overrides {
  private static final List<String> TOP_LEVEL =
      MessageReader.names(
          Experiment.getDescriptor().getFields().stream().filter(f -> !f.isRepeated()).toList());

  private final Function<String, Optional<Message>> configs;
  private final Problems problems;

  Overrides(Function<String, Optional<Message>> configs, Problems problems) {
    this.configs = configs;
    this.problems = problems;
  }

  /** The document with the assignments made in order: a later one wins. */
  Mapping apply(Mapping document, List<String> assignments) {
    Mapping changed = document;
    for (String assignment : assignments) {
      changed = apply(changed, assignment);
    }
    return changed;
  }

  private Mapping apply(Mapping document, String assignment) {
    Location at = Location.of("--set " + assignment);
    int equals = assignment.indexOf('=');
    String target = assignment.substring(0, Math.max(equals, 0));
    List<String> path = List.of(target.split("\\.", -1));
    if (path.contains("")) {
      problems.add(at, "", "is not of the form step.field=value or seed=value");
      return document;
    }
    if (target.contains("[")) {
      problems.add(at, target, "an element of a list cannot be set, only the whole list");
      return document;
    }
    YamlNode value = YamlParser.parseAt(at, assignment.substring(equals + 1));
    return path.size() == 1
        ? setTopLevel(document, target, at, value)
        : setInStep(document, path, at, value);
  }

  private Mapping setTopLevel(Mapping document, String name, Location at, YamlNode value) {
    if (!TOP_LEVEL.contains(name)) {
      List<String> valid = new ArrayList<>(TOP_LEVEL);
      StepNodes.ids(document).stream()
          .filter(id -> !id.isBlank())
          .forEach(id -> valid.add(id + ".FIELD"));
      problems.add(at, name, "unknown field" + Suggestion.of(name, valid));
      return document;
    }
    return document.with(name, at, value);
  }

  private Mapping setInStep(Mapping document, List<String> path, Location at, YamlNode value) {
    List<YamlNode> steps = new ArrayList<>(StepNodes.of(document));
    List<String> ids = StepNodes.ids(document);
    int index = ids.indexOf(path.get(0));
    if (index < 0 || !(steps.get(index) instanceof Mapping step)) {
      String unknown = "unknown step \"" + path.get(0) + "\"" + Suggestion.of(path.get(0), ids);
      problems.add(at, "", unknown);
      return document;
    }
    Descriptor type =
        configs
            .apply(StepNodes.text(step.get("stage")))
            .map(Message::getDescriptorForType)
            .orElse(null);
    YamlNode config = set(step.get("config"), type, path, 1, at, value);
    steps.set(index, step.with("config", at, config));
    YamlNode list = document.get("steps");
    return document.with("steps", list.at(), new Sequence(list.at(), steps));
  }

  /**
   * Sets a field at any depth below a node, which need not exist yet.
   *
   * @param type what the node will be read as; null when that is not known or free-form
   * @param depth which part of the path names the field in this node
   */
  private YamlNode set(
      YamlNode node, Descriptor type, List<String> path, int depth, Location at, YamlNode value) {
    if (node != null && !node.isNull() && !(node instanceof Mapping)) {
      // Stays as it is, to be refused where it was written.
      return node;
    }
    Mapping mapping = node instanceof Mapping present ? present : new Mapping(at, Map.of());
    String name = path.get(depth);
    FieldDescriptor field = type == null ? null : type.findFieldByName(name);
    OneofDescriptor oneof = field == null ? null : field.getRealContainingOneof();
    if (oneof != null) {
      for (FieldDescriptor member : oneof.getFields()) {
        mapping = member.equals(field) ? mapping : mapping.without(member.getName());
      }
    }
    if (depth == path.size() - 1) {
      return mapping.with(name, at, value);
    }
    if (field != null && field.isRepeated() && !field.isMapField()) {
      String list = String.join(".", path.subList(0, depth + 1));
      problems.add(at, list, "an element of a list cannot be set, only the whole list");
      return mapping;
    }
    boolean message = field != null && field.getJavaType() == JavaType.MESSAGE;
    Descriptor inner = message && !field.isMapField() ? field.getMessageType() : null;
    Entry entry = mapping.entries().get(name);
    YamlNode changed = set(entry == null ? null : entry.value(), inner, path, depth + 1, at, value);
    return mapping.with(name, entry == null ? at : entry.nameAt(), changed);
  }
}
