package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StepOrderTest {
  private final Map<String, List<String>> reads = new LinkedHashMap<>();

  @Test
  void stepsComeAfterWhatTheyReadAndElseAsWritten() {
    reads.put("evaluate", List.of("extract", "cluster"));
    reads.put("cluster", List.of("extract"));
    reads.put("ingest", List.of());
    reads.put("extract", List.of("pretrain", "ingest"));
    reads.put("pretrain", List.of("ingest"));
    reads.put("augment", List.of("ingest"));
    assertThat(StepOrder.of(reads))
        .containsExactly("ingest", "pretrain", "extract", "cluster", "evaluate", "augment");
  }

  @Test
  void namesTheCycle() {
    reads.put("start", List.of("a"));
    reads.put("a", List.of("b"));
    reads.put("b", List.of("c"));
    reads.put("c", List.of("a"));
    assertThatThrownBy(() -> StepOrder.of(reads))
        .isInstanceOf(ExperimentException.class)
        .hasMessage("steps read each other in a cycle: a reads b reads c reads a");
    assertThatThrownBy(() -> StepOrder.of(Map.of("a", List.of("a"))))
        .hasMessage("steps read each other in a cycle: a reads a");
  }

  @Test
  void refusesIdsThatAreNoSteps() {
    assertThatThrownBy(() -> StepOrder.of(Map.of("a", List.of("b"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("step \"a\" reads \"b\", which is no step");
  }
}
