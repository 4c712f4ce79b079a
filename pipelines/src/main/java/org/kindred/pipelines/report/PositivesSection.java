package org.kindred.pipelines.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.kindred.pipelines.report.RunArtifacts.Step;
import org.kindred.pipelines.report.Tile.Verdict;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.ComponentSize;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * What invariance propagation reached.
 *
 * @param step id of the step that propagated
 * @param summary counts in one line
 * @param hops how reliable the positives at each distance are
 * @param nodes some nodes with their positives
 * @param note how many of how many nodes these are
 */
record PositivesSection(String step, String summary, List<Hop> hops, List<Node> nodes, String note)
    implements Section {
  private static final int NODES = 4;
  private static final int POSITIVES = 8;

  /**
   * Reliability of the positives at one distance.
   *
   * @param name the distance
   * @param positives how many there are
   * @param labelled how many of them can be judged
   * @param correct how many of those have the node's label
   * @param precision correct of labelled
   */
  record Hop(String name, String positives, String labelled, String correct, String precision) {}

  /**
   * One node.
   *
   * @param tile the node itself
   * @param easy positives of highest similarity, highest first; none without the graph
   * @param hard positives of lowest similarity, lowest first
   */
  record Node(Tile tile, List<Tile> easy, List<Tile> hard) {
    boolean hasEasy() {
      return !easy.isEmpty();
    }
  }

  @Override
  public String anchor() {
    return "positives-" + step;
  }

  @Override
  public String heading() {
    return "Easy and hard positives";
  }

  static List<PositivesSection> of(RunArtifacts artifacts) throws IOException {
    List<PositivesSection> sections = new ArrayList<>();
    for (Step step : artifacts.ofType(ArtifactType.ARTIFACT_TYPE_POSITIVE_SET)) {
      if (step.artifact().rows(Tables.POSITIVES) > 0) {
        sections.add(of(artifacts, step));
      }
    }
    return sections;
  }

  private static PositivesSection of(RunArtifacts artifacts, Step step) throws IOException {
    PositiveSet set = step.artifact().content().getPositiveSet();
    Optional<StoredArtifact> graph =
        artifacts.nearest(step, ArtifactType.ARTIFACT_TYPE_NEIGHBOR_GRAPH);
    List<Node> nodes = new ArrayList<>();
    try (MappedTable positives = MappedTable.open(step.artifact().localTable(Tables.POSITIVES));
        Pictures pictures =
            Pictures.open(artifacts.nearest(step, ArtifactType.ARTIFACT_TYPE_DATASET))) {
      long[] ids = positives.longs("id");
      int[] rows = Evenly.spaced(ids.length, NODES);
      Map<Long, List<Candidate>> neighbors =
          neighbors(graph, IntStream.of(rows).mapToLong(row -> ids[row]));
      for (int row : rows) {
        List<Candidate> near = neighbors.getOrDefault(ids[row], List.of());
        nodes.add(node(ids[row], positives, row, near, pictures));
      }
    }
    return new PositivesSection(
        step.id(),
        summary(set),
        hops(set),
        nodes,
        "%d of %s nodes".formatted(nodes.size(), Formats.count(set.getNodes())));
  }

  private static String summary(PositiveSet set) {
    String found =
        String.format(
            Locale.ROOT,
            "%s nodes, %s positives (%.1f of a node, at most %s), found within %d hops over %d %sneighbours",
            Formats.count(set.getNodes()),
            Formats.count(set.getPositives()),
            (double) set.getPositives() / set.getNodes(),
            Formats.count(set.getLargestSet()),
            set.getHops(),
            set.getK(),
            set.getMutual() ? "mutual " : "");
    if (set.getComponentsCount() == 0) {
      return found;
    }
    int components = set.getComponentsList().stream().mapToInt(ComponentSize::getCount).sum();
    return "%s; %s connected components, the largest of %s nodes"
        .formatted(
            found, Formats.count(components), Formats.count(set.getComponents(0).getNodes()));
  }

  private static List<Hop> hops(PositiveSet set) {
    List<Hop> hops = new ArrayList<>();
    for (HopStatistics hop : set.getPerHopList()) {
      hops.add(hop(hopName(hop.getHop()), hop));
    }
    if (set.hasHard()) {
      hops.add(hop("hard positives", set.getHard()));
    }
    if (set.hasNegatives()) {
      hops.add(hop("hard negatives", set.getNegatives()));
    }
    return hops;
  }

  private static Hop hop(String name, HopStatistics hop) {
    return new Hop(
        name,
        Formats.count(hop.getPositives()),
        Formats.count(hop.getLabelled()),
        Formats.count(hop.getCorrect()),
        Formats.percent(hop.getCorrect(), hop.getLabelled()));
  }

  /** An example that is near a node. */
  private record Candidate(long id, float similarity) {}

  private static List<Candidate> candidates(long[] ids, float[] similarities) {
    return IntStream.range(0, ids.length)
        .mapToObj(i -> new Candidate(ids[i], similarities[i]))
        .toList();
  }

  /** Reads the neighbours of some nodes, nearest first. */
  private static Map<Long, List<Candidate>> neighbors(
      Optional<StoredArtifact> graph, LongStream nodes) throws IOException {
    Map<Long, List<Candidate>> neighbors = new HashMap<>();
    if (graph.isPresent()) {
      try (MappedTable table = MappedTable.open(graph.get().localTable(Tables.NEIGHBORS))) {
        long[] ids = table.longs("id");
        for (long node : nodes.toArray()) {
          int row = Arrays.binarySearch(ids, node);
          if (row >= 0) {
            neighbors.put(
                node,
                candidates(table.longList("neighbors", row), table.floatList("similarities", row)));
          }
        }
      }
    }
    return neighbors;
  }

  private static Node node(
      long id, MappedTable positives, int row, List<Candidate> neighbors, Pictures pictures)
      throws IOException {
    long[] reached = positives.longList("positives", row);
    int[] distances = positives.intList("hops", row);
    Map<Long, Integer> hops = new HashMap<>();
    for (int i = 0; i < reached.length; i++) {
      hops.putIfAbsent(reached[i], distances[i]);
    }
    List<Candidate> hard =
        candidates(
            positives.longList("hard_positives", row),
            positives.floatList("hard_similarities", row));
    int label = pictures.label(id);
    return new Node(
        pictures.tile(id, label, Verdict.NONE, "example " + id),
        tiles(neighbors, hops, label, pictures),
        tiles(hard, hops, label, pictures));
  }

  /** Returns the first of the candidates that are positives of the node. */
  private static List<Tile> tiles(
      List<Candidate> candidates, Map<Long, Integer> hops, int label, Pictures pictures)
      throws IOException {
    List<Tile> tiles = new ArrayList<>();
    for (Candidate candidate : candidates) {
      Integer hop = hops.get(candidate.id());
      if (hop == null) {
        continue;
      }
      if (tiles.size() == POSITIVES) {
        break;
      }
      int own = pictures.label(candidate.id());
      String detail = Formats.similarity(candidate.similarity()) + " · " + hopName(hop);
      tiles.add(pictures.tile(candidate.id(), own, Verdict.of(own, label), detail));
    }
    return tiles;
  }

  private static String hopName(int hop) {
    return hop == 1 ? "1 hop" : hop + " hops";
  }
}
