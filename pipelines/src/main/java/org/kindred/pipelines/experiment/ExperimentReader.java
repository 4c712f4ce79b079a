package org.kindred.pipelines.experiment;

import com.google.protobuf.Message;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.kindred.pipelines.experiment.YamlNode.Entry;
import org.kindred.pipelines.experiment.YamlNode.Mapping;
import org.kindred.pipelines.experiment.YamlNode.Sequence;
import org.kindred.proto.pipeline.v1.Experiment;
import org.kindred.proto.pipeline.v1.Step;

/**
 * Reads experiments: YAML, with overrides applied, checked against the message types of the stages
 * that it names.
 *
 * <p>The YAML has the fields of {@code kindred.pipeline.v1.Experiment}; a step's {@code config} has
 * those of its stage's configuration message. Enum values are written by their short lower-case
 * name, {@code cosine} for {@code METRIC_COSINE}.
 */
public final class ExperimentReader {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+");

  private final Function<String, Optional<Message>> configs;
  private final List<String> stages;

  /**
   * Makes a reader that knows the given stages.
   *
   * @param configs from a stage's name to the default instance of its configuration message; empty
   *     when there is no such stage
   * @param stages names of all stages, for messages
   */
  public ExperimentReader(Function<String, Optional<Message>> configs, Collection<String> stages) {
    this.configs = configs;
    this.stages = List.copyOf(stages);
  }

  /**
   * Reads an experiment.
   *
   * @param source name of a preset, or path of a file; {@code ./quickstart} is a file even where a
   *     preset has that name
   * @param overrides assignments {@code step.path=value}, the path relative to the step's
   *     configuration, the value YAML; also {@code seed=}, {@code name=} and {@code description=}.
   *     Setting one member of a {@code oneof} unsets the others; a later assignment wins
   * @throws ExperimentException when it cannot be read or anything in it is wrong; one line for
   *     each problem, with file, line, path, value and what is valid
   */
  public ExperimentSpec read(String source, List<String> overrides) {
    if (Presets.names().contains(source)) {
      return parse(source, source + ".yaml", Presets.folder(), Presets.text(source), overrides);
    }
    try {
      Path file = Path.of(source);
      Path folder = file.toAbsolutePath().getParent();
      return parse(source, source, folder, Files.readString(file), overrides);
    } catch (NoSuchFileException e) {
      throw new ExperimentException(
          source + ": no such file or preset" + Suggestion.of(source, Presets.names()));
    } catch (CharacterCodingException e) {
      throw new ExperimentException(source + ": is not UTF-8 text");
    } catch (IOException e) {
      throw new ExperimentException(source + ": cannot be read: " + e.getMessage());
    }
  }

  /**
   * Reads an experiment from text.
   *
   * @param file what messages call it
   * @param folder what relative paths in it are relative to
   */
  ExperimentSpec parse(
      String source, String file, Path folder, String text, List<String> overrides) {
    Problems problems = new Problems();
    YamlNode root = YamlParser.parse(file, text);
    if (root instanceof Mapping document) {
      root = new Overrides(configs, problems).apply(document, overrides);
    }
    Experiment experiment =
        (Experiment)
            new MessageReader(problems, folder)
                .read(withoutConfigs(root), Experiment.getDefaultInstance(), "");
    if (experiment.hasName()) {
      checkName(experiment.getName(), ((Mapping) root).get("name").at(), "name", problems);
    }
    List<StepSpec> steps = readSteps(root, experiment.getStepsList(), folder, overrides, problems);
    problems.throwIfAny();
    return new ExperimentSpec(
        source,
        overrides,
        experiment.getName(),
        experiment.getDescription(),
        experiment.getSeed(),
        steps,
        text);
  }

  /** The document less the steps' configurations, which are read by the stages' own types. */
  private static YamlNode withoutConfigs(YamlNode root) {
    List<YamlNode> steps = StepNodes.of(root);
    if (steps.isEmpty()) {
      return root;
    }
    Mapping document = (Mapping) root;
    Location at = document.get("steps").at();
    List<YamlNode> outlines = new ArrayList<>();
    for (YamlNode step : steps) {
      outlines.add(step instanceof Mapping mapping ? mapping.without("config") : step);
    }
    return document.with("steps", at, new Sequence(at, outlines));
  }

  /** Reads what the steps' messages alone do not say; node i was read as message i. */
  private List<StepSpec> readSteps(
      YamlNode root, List<Step> messages, Path folder, List<String> overrides, Problems problems) {
    List<YamlNode> nodes = StepNodes.of(root);
    List<String> ids = StepNodes.ids(root);
    List<StepSpec> steps = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      String id = ids.get(i);
      Step step = messages.get(i);
      if (nodes.get(i) instanceof Mapping node && step.hasStage() && !id.isBlank()) {
        String path = "steps[" + i + "]";
        Location idAt = StepNodes.idNode(node).at();
        checkName(id, idAt, path + ".id", problems);
        int first = ids.indexOf(id);
        if (first < i) {
          Location firstAt = StepNodes.idNode((Mapping) nodes.get(first)).at();
          problems.add(idAt, path + ".id", "duplicate id \"" + id + "\", first at " + firstAt);
        }
        checkInputs(node, id, ids, problems);
        MessageReader reader = new MessageReader(problems, folder);
        Message config = readConfig(reader, node, step.getStage(), id, path, problems);
        List<String> own = overrides.stream().filter(set -> set.startsWith(id + ".")).toList();
        steps.add(new StepSpec(id, step.getStage(), step.getInputsMap(), config, node.at(), own));
      }
    }
    return steps;
  }

  private static void checkInputs(Mapping step, String id, List<String> ids, Problems problems) {
    if (!(step.get("inputs") instanceof Mapping inputs)) {
      return;
    }
    List<String> valid = new ArrayList<>(ids);
    valid.add(StepSpec.ARTIFACT_PREFIX + "REF");
    for (Map.Entry<String, Entry> input : inputs.entries().entrySet()) {
      YamlNode node = input.getValue().value();
      String read = StepNodes.text(node);
      boolean artifact =
          read.startsWith(StepSpec.ARTIFACT_PREFIX)
              && read.length() > StepSpec.ARTIFACT_PREFIX.length();
      if (!artifact && !node.isNull() && !ids.contains(read)) {
        String unknown = "unknown step \"" + read + "\"" + Suggestion.of(read, valid);
        problems.add(node.at(), id + ".inputs." + input.getKey(), unknown);
      }
    }
  }

  private Message readConfig(
      MessageReader reader, Mapping step, String stage, String id, String path, Problems problems) {
    Optional<Message> type = configs.apply(stage);
    if (type.isEmpty()) {
      String unknown = "unknown stage \"" + stage + "\"" + Suggestion.of(stage, stages);
      problems.add(step.get("stage").at(), path + ".stage", unknown);
      return Experiment.getDefaultInstance();
    }
    YamlNode config = step.get("config");
    YamlNode present = config == null ? new Mapping(step.at(), Map.of()) : config;
    return Defaults.resolve(reader.read(present, type.get(), id));
  }

  private static void checkName(String name, Location at, String path, Problems problems) {
    if (!NAME.matcher(name).matches()) {
      problems.add(
          at, path, "\"" + name + "\" is not valid; valid: letters, digits, \"-\" and \"_\"");
    }
  }
}
