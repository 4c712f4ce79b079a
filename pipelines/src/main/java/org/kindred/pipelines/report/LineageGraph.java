package org.kindred.pipelines.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.artifact.Manifests;

/**
 * An arc diagram: the artifacts below each other in the order that they were made in, and an arc
 * from each one to every step that read it.
 *
 * @param width width of the drawing in pixels
 * @param height height of the drawing in pixels
 * @param nodeX horizontal place of the nodes in pixels
 * @param textX where the labels start
 * @param nodes the artifacts
 * @param arcs what was read by whom
 */
record LineageGraph(int width, int height, int nodeX, int textX, List<Node> nodes, List<Arc> arcs) {
  private static final int ROW = 34;
  private static final int BULGE = 22;
  private static final int RADIUS = 6;
  private static final int LABEL_WIDTH = 260;

  /**
   * An artifact.
   *
   * @param y vertical place in pixels
   * @param textY base line of the label
   * @param name step that made it
   * @param detail what else the label says
   * @param action {@code ran}, {@code reused} or {@code outside}, which is also its style
   */
  record Node(int y, int textY, String name, String detail, String action) {}

  /**
   * An arc.
   *
   * @param path SVG path
   * @param title the arc in words
   */
  record Arc(String path, String title) {}

  /** Lays the steps out; artifacts that no step made come first. */
  static LineageGraph of(List<RunStep> steps) {
    Map<String, Integer> rowOf = new LinkedHashMap<>();
    List<Node> nodes = new ArrayList<>();
    for (InputRef input : fromOutside(steps)) {
      rowOf.put(input.getDigest(), nodes.size());
      String detail = "from outside · " + Formats.shortDigest(input.getDigest());
      nodes.add(node(nodes.size(), Manifests.typeName(input.getType()), detail, "outside"));
    }
    int first = nodes.size();
    for (RunStep step : steps) {
      rowOf.putIfAbsent(step.getArtifact(), nodes.size());
      String action = LineageSection.action(step);
      String detail = "%s · %s".formatted(action, Formats.duration(step.getSeconds()));
      nodes.add(node(nodes.size(), step.getId(), detail, action));
    }
    int span = 1;
    for (int s = 0; s < steps.size(); s++) {
      for (InputRef input : steps.get(s).getProducer().getInputsList()) {
        span = Math.max(span, first + s - rowOf.get(input.getDigest()));
      }
    }
    int nodeX = bulge(span) + RADIUS + 2;
    List<Arc> arcs = new ArrayList<>();
    for (int s = 0; s < steps.size(); s++) {
      for (InputRef input : steps.get(s).getProducer().getInputsList()) {
        int from = rowOf.get(input.getDigest());
        String title = "%s reads %s".formatted(steps.get(s).getId(), nodes.get(from).name());
        arcs.add(new Arc(path(nodeX, from, first + s), title));
      }
    }
    int textX = nodeX + 2 * RADIUS + 4;
    return new LineageGraph(textX + LABEL_WIDTH, nodes.size() * ROW, nodeX, textX, nodes, arcs);
  }

  private static List<InputRef> fromOutside(List<RunStep> steps) {
    Map<String, InputRef> outside = new LinkedHashMap<>();
    for (RunStep step : steps) {
      step.getProducer().getInputsList().forEach(input -> outside.put(input.getDigest(), input));
    }
    steps.forEach(step -> outside.remove(step.getArtifact()));
    return List.copyOf(outside.values());
  }

  private static Node node(int row, String name, String detail, String action) {
    return new Node(y(row), y(row) + 5, name, detail, action);
  }

  private static int y(int row) {
    return row * ROW + ROW / 2;
  }

  /** Returns how far an arc over so many rows goes out to the left. */
  private static int bulge(int rows) {
    return (int) Math.round(BULGE * Math.sqrt(rows));
  }

  private static String path(int x, int from, int to) {
    // A cubic curve reaches three quarters of the way to its control points.
    int out = x - bulge(to - from) * 4 / 3;
    int left = x - RADIUS;
    return String.format(
        Locale.ROOT,
        "M%d %dC%d %d %d %d %d %d",
        left,
        y(from),
        out,
        y(from),
        out,
        y(to),
        left,
        y(to));
  }
}
