package org.kindred.pipelines.experiment;

import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kindred.pipelines.experiment.YamlNode.Entry;
import org.kindred.pipelines.experiment.YamlNode.Mapping;
import org.kindred.pipelines.experiment.YamlNode.Scalar;
import org.kindred.pipelines.experiment.YamlNode.Sequence;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * YAML text to a tree of {@link YamlNode}s. Only the syntax is SnakeYAML's: what a value means is
 * decided by the field that takes it. Anchors, aliases, tags, duplicate keys and keys that are not
 * text are errors; depth and size have SnakeYAML's limits.
 */
final class YamlParser {
  private static final Resolver RESOLVER = new Resolver();

  private final Function<Optional<Mark>, Location> locate;

  private YamlParser(Function<Optional<Mark>, Location> locate) {
    this.locate = locate;
  }

  /** Reads a document of which every node knows its line. */
  static YamlNode parse(String source, String text) {
    return new YamlParser(
            mark ->
                mark.map(m -> new Location(source, m.getLine() + 1)).orElse(Location.of(source)))
        .parse(text);
  }

  /** Reads a value that was not written in a file: every node has the same place. */
  static YamlNode parseAt(Location at, String text) {
    return new YamlParser(mark -> at).parse(text);
  }

  private YamlNode parse(String text) {
    Node root;
    try {
      root = new Yaml(new LoaderOptions()).compose(new StringReader(text));
    } catch (MarkedYAMLException e) {
      String message =
          Stream.of(e.getContext(), e.getProblem())
              .filter(part -> part != null)
              .collect(Collectors.joining(", "));
      throw error(locate.apply(Optional.ofNullable(e.getProblemMark())), message);
    } catch (ReaderException e) {
      String character = String.format("character U+%04X is not allowed", e.getCodePoint());
      throw error(locate.apply(Optional.empty()), character);
    } catch (YAMLException e) {
      throw error(locate.apply(Optional.empty()), e.getMessage());
    }
    return root == null ? new Scalar(locate.apply(Optional.empty()), "", true) : convert(root);
  }

  private YamlNode convert(Node node) {
    Location at = start(node);
    if (node.getAnchor() != null) {
      throw error(at, "anchors and aliases are not supported: &" + node.getAnchor());
    }
    boolean plain = node instanceof ScalarNode scalar && scalar.isPlain();
    String text = node instanceof ScalarNode scalar ? scalar.getValue() : null;
    if (!node.getTag().equals(RESOLVER.resolve(node.getNodeId(), text, plain))) {
      throw error(at, "tags are not supported: " + node.getTag());
    }
    if (node instanceof MappingNode mapping) {
      return convert(mapping, at);
    }
    if (node instanceof SequenceNode sequence) {
      return new Sequence(at, sequence.getValue().stream().map(this::convert).toList());
    }
    return new Scalar(at, text, plain);
  }

  private Mapping convert(MappingNode node, Location at) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : node.getValue()) {
      Location nameAt = start(tuple.getKeyNode());
      if (!(convert(tuple.getKeyNode()) instanceof Scalar key)) {
        throw error(nameAt, "a key must be text");
      }
      Entry earlier = entries.get(key.text());
      if (earlier != null) {
        throw error(nameAt, "duplicate key \"" + key.text() + "\", first at " + earlier.nameAt());
      }
      entries.put(key.text(), new Entry(nameAt, convert(tuple.getValueNode())));
    }
    return new Mapping(at, entries);
  }

  private Location start(Node node) {
    return locate.apply(Optional.ofNullable(node.getStartMark()));
  }

  private static ExperimentException error(Location at, String message) {
    return new ExperimentException(at + ": " + message.replaceAll("\\s+", " "));
  }
}
