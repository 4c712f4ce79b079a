package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ConfigDiffTest {

  @Test
  void listsChangedLeavesByPath() {
    assertThat(
            diff(
                "{k: 10, split: train, views: {size: 32, preset: test}, weight: 0.0005}",
                "{k: 7, split: train, views: {size: 48, preset: test}, weight: 0.001}"))
        .containsExactly("k: 10 -> 7", "views.size: 32 -> 48", "weight: 0.0005 -> 0.001");
  }

  @Test
  void showsWhatCameAndWent() {
    assertThat(
            diff(
                "{objective: {a: {t: 1}}, flip: {}, note: '', on: true}",
                "{objective: {b: {t: 1}}, note: x, on: }"))
        .containsExactly(
            "flip: {} -> (unset)",
            "note: \"\" -> x",
            "objective.a.t: 1 -> (unset)",
            "objective.b.t: (unset) -> 1",
            "on: true -> null");
  }

  @Test
  void showsListsOfValuesWholeAndListsOfMessagesByElement() {
    assertThat(
            diff(
                "{layers: [embedding], drops: [{e: 1}, {e: 2}]}",
                "{layers: [embedding, pooled], drops: [{e: 1}, {e: 3}, {e: 4}]}"))
        .containsExactly(
            "drops[1].e: 2 -> 3",
            "drops[2].e: (unset) -> 4",
            "layers: [embedding] -> [embedding, pooled]");
  }

  @Test
  void equalConfigsDoNotDiffer() {
    assertThat(diff("{a: 1, b: {c: [x]}}", "{b: {c: [x]}, a: 1.0}")).isEmpty();
  }

  private static List<String> diff(String before, String after) {
    return ConfigDiff.between(struct(before), struct(after)).stream()
        .map(ConfigDiff.Change::toString)
        .toList();
  }

  private static Struct struct(String yaml) {
    Problems problems = new Problems();
    YamlNode node = YamlParser.parse("test", yaml);
    Struct struct =
        (Struct)
            new MessageReader(problems, Path.of("")).read(node, Struct.getDefaultInstance(), "");
    problems.throwIfAny();
    return struct;
  }
}
