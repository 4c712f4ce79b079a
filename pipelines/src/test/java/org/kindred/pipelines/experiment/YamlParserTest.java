package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.pipelines.experiment.YamlNode.Mapping;
import org.kindred.pipelines.experiment.YamlNode.Scalar;
import org.kindred.pipelines.experiment.YamlNode.Sequence;

final class YamlParserTest {

  @Test
  void everyNodeKnowsItsPlace() {
    Mapping root = (Mapping) YamlParser.parse("x.yaml", "a: 1\nb:\n  - 'two'\n  -\nc: {}\n");
    assertThat(root.entries().get("b").nameAt()).isEqualTo(new Location("x.yaml", 2));
    Sequence list = (Sequence) root.get("b");
    assertThat(list.items().get(0)).isEqualTo(new Scalar(new Location("x.yaml", 3), "two", false));
    assertThat(list.items().get(1).isNull()).isTrue();
    assertThat(list.items().get(1).at()).hasToString("x.yaml:4");
    assertThat(root.get("c").isEmpty()).isTrue();
  }

  @Test
  void scalarsKeepTheirText() {
    Sequence list = (Sequence) YamlParser.parse("x.yaml", "[no, 010, 2026-01-01, 1:30, '~', ~]");
    assertThat(list.items())
        .extracting(node -> ((Scalar) node).text())
        .containsExactly("no", "010", "2026-01-01", "1:30", "~", "~");
    assertThat(list.items())
        .extracting(YamlNode::isNull)
        .containsExactly(false, false, false, false, false, true);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a: 1\\nb: 2\\na: 3|x.yaml:3: duplicate key \"a\", first at x.yaml:1",
        "a: &x [1]\\nb: *x|x.yaml:1: anchors and aliases are not supported: &x",
        "a: &x [*x]|x.yaml:1: anchors and aliases are not supported: &x",
        "a: *x|x.yaml:1: found undefined alias x",
        "a: !!int '3'|x.yaml:1: tags are not supported: tag:yaml.org,2002:int",
        "a: !thing {}|x.yaml:1: tags are not supported: !thing",
        "a: 1\\n[b]: 2|x.yaml:2: a key must be text",
        "a:\\n\\tb: 1|x.yaml:2: while scanning for the next token, found character '\\t(TAB)'"
            + " that cannot start any token. (Do not use \\t(TAB) for indentation)",
        "a: [1\\nb: 2|x.yaml:2: while parsing a flow sequence, expected ',' or ']', but got :",
        "a: 1\\n---\\nb: 2|x.yaml:2: expected a single document in the stream, but found another"
            + " document",
      })
  void refuses(String text, String message) {
    String yaml = text.replace("\\n", "\n").replace("\\t", "\t");
    assertThatThrownBy(() -> YamlParser.parse("x.yaml", yaml))
        .isInstanceOf(ExperimentException.class)
        .hasNoCause()
        .hasMessage(message);
  }

  @Test
  void limitsDepthAndNamesControlCharacters() {
    assertThatThrownBy(() -> YamlParser.parse("x.yaml", "[".repeat(1000)))
        .isInstanceOf(ExperimentException.class)
        .hasMessage("x.yaml: Nesting Depth exceeded max 50");
    assertThatThrownBy(() -> YamlParser.parse("x.yaml", "a: \u0007"))
        .isInstanceOf(ExperimentException.class)
        .hasMessage("x.yaml: character U+0007 is not allowed");
  }
}
