package org.kindred.pipelines.experiment;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The order in which steps can run: each after those it reads. */
public final class StepOrder {
  private final Map<String, ? extends Collection<String>> reads;
  private final Set<String> ordered = new LinkedHashSet<>();
  private final List<String> open = new ArrayList<>();

  private StepOrder(Map<String, ? extends Collection<String>> reads) {
    this.reads = reads;
  }

  /**
   * Orders steps. The result depends on the map's order alone: a step comes as early as it is
   * written, after what it reads.
   *
   * @param reads for each step's id the ids of the steps it reads, which must be keys too
   * @throws ExperimentException when steps read each other in a cycle, which the message names
   */
  public static List<String> of(Map<String, ? extends Collection<String>> reads) {
    StepOrder order = new StepOrder(reads);
    reads.keySet().forEach(order::visit);
    return List.copyOf(order.ordered);
  }

  private void visit(String id) {
    if (ordered.contains(id)) {
      return;
    }
    if (open.contains(id)) {
      List<String> cycle = new ArrayList<>(open.subList(open.indexOf(id), open.size()));
      cycle.add(id);
      throw new ExperimentException(
          "steps read each other in a cycle: " + String.join(" reads ", cycle));
    }
    Collection<String> read = reads.get(id);
    if (read == null) {
      throw new IllegalArgumentException(
          "step \"" + open.get(open.size() - 1) + "\" reads \"" + id + "\", which is no step");
    }
    open.add(id);
    read.forEach(this::visit);
    open.remove(open.size() - 1);
    ordered.add(id);
  }
}
