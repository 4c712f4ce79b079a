package org.kindred.stages;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kindred.proto.artifact.v1.Split;

/** Counts examples by split. */
public final class SplitCounts {
  private final Map<String, Split.Builder> byName = new TreeMap<>();

  /** Counts one example; a negative label is none. */
  public void add(String split, int label) {
    add(split, 1, label >= 0 ? 1 : 0);
  }

  /** Adds what another counted. */
  public void addAll(List<Split> splits) {
    splits.forEach(split -> add(split.getName(), split.getExamples(), split.getLabelled()));
  }

  private void add(String name, long examples, long labelled) {
    Split.Builder split = byName.computeIfAbsent(name, n -> Split.newBuilder().setName(n));
    split.setExamples(split.getExamples() + examples).setLabelled(split.getLabelled() + labelled);
  }

  /** Returns the counts in order of name. */
  public List<Split> toList() {
    return byName.values().stream().map(Split.Builder::build).toList();
  }
}
