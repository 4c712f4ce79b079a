package org.kindred.pipelines.report;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.stages.artifact.ArtifactStore;

/**
 * One HTML file that tells what a run found and how: metrics beside their baselines, linear probes,
 * training curves, neighbours, positives, views, clusters, lineage, environment.
 *
 * <p>The file needs nothing but itself. What the run doesn't have is left out, so that a failed run
 * has a report too; what the store has lost or can't read is named at the top.
 */
public final class HtmlReport {
  private static final String CHART_LIBRARY = "echarts.common.min.js";

  /**
   * What the template shows; a list without elements leaves its section out.
   *
   * @param summary the head
   * @param problems what should be there and isn't
   * @param contents the first section of each heading, in order
   * @param chartLibrary the scripts that draw charts, empty without a chart
   */
  record Page(
      Summary summary,
      List<String> problems,
      List<Section> contents,
      List<MetricsSection> metrics,
      List<ProbesSection> probes,
      List<TrainingSection> trainings,
      List<GallerySection> galleries,
      List<GraphsSection> graphs,
      List<PositivesSection> positives,
      List<ViewsSection> views,
      List<ClustersSection> clusterings,
      List<LineageSection> lineage,
      List<EnvironmentSection> environment,
      List<String> chartLibrary) {
    boolean hasProblems() {
      return !problems.isEmpty();
    }
  }

  private interface Sections<T extends Section> {
    List<T> make() throws IOException;
  }

  private final List<String> problems;

  private HtmlReport(List<String> problems) {
    this.problems = new ArrayList<>(problems);
  }

  /**
   * Writes a run's report, UTF-8. The same run and store give the same bytes.
   *
   * @param out takes the file; flushed, not closed
   * @throws IOException if {@code out} fails
   */
  public static void write(Run run, ArtifactStore store, OutputStream out) throws IOException {
    RunArtifacts artifacts = RunArtifacts.of(run, store);
    Page page = new HtmlReport(artifacts.problems()).page(run, store, artifacts);
    Writer writer = new OutputStreamWriter(out, StandardCharsets.UTF_8);
    template().execute(page, writer);
    writer.flush();
  }

  private Page page(Run run, ArtifactStore store, RunArtifacts artifacts) throws IOException {
    List<MetricsSection> metrics =
        readable("metrics", () -> MetricsSection.of(MetricTable.of(run, store)));
    List<ProbesSection> probes = readable("linear probes", () -> ProbesSection.of(artifacts));
    List<TrainingSection> trainings = readable("training", () -> TrainingSection.of(artifacts));
    List<GallerySection> galleries = readable("neighbours", () -> GallerySection.of(artifacts));
    List<GraphsSection> graphs = readable("graphs", () -> GraphsSection.of(artifacts));
    List<PositivesSection> positives = readable("positives", () -> PositivesSection.of(artifacts));
    List<ViewsSection> views = readable("views", () -> ViewsSection.of(artifacts));
    List<ClustersSection> clusterings = readable("clusters", () -> ClustersSection.of(artifacts));
    List<LineageSection> lineage = LineageSection.of(artifacts);
    List<EnvironmentSection> environment =
        readable("environment", () -> EnvironmentSection.of(artifacts));
    List<Section> sections =
        Stream.of(
                metrics,
                probes,
                trainings,
                galleries,
                graphs,
                positives,
                views,
                clusterings,
                lineage,
                environment)
            .<Section>flatMap(List::stream)
            .toList();
    return new Page(
        Summary.of(run),
        problems,
        firstOfEachHeading(sections),
        metrics,
        probes,
        trainings,
        galleries,
        graphs,
        positives,
        views,
        clusterings,
        lineage,
        environment,
        trainings.isEmpty() ? List.of() : List.of(resource(CHART_LIBRARY), resource("charts.js")));
  }

  private static List<Section> firstOfEachHeading(List<Section> sections) {
    Map<String, Section> first = new LinkedHashMap<>();
    sections.forEach(section -> first.putIfAbsent(section.heading(), section));
    return List.copyOf(first.values());
  }

  /**
   * A section that can't be made must not take the others with it: the page says why it is gone.
   */
  private <T extends Section> List<T> readable(String name, Sections<T> sections) {
    try {
      return sections.make();
    } catch (IOException | RuntimeException e) {
      problems.add("%s: %s".formatted(name, e.getMessage() == null ? e : e.getMessage()));
      return List.of();
    }
  }

  private static Template template() throws IOException {
    return Mustache.compiler()
        .strictSections(true)
        .emptyStringIsFalse(true)
        .withLoader(name -> reader(name.contains(".") ? name : name + ".mustache"))
        .compile(resource("report.mustache"));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = open(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static Reader reader(String name) throws IOException {
    return new InputStreamReader(open(name), StandardCharsets.UTF_8);
  }

  private static InputStream open(String name) throws IOException {
    InputStream in = HtmlReport.class.getResourceAsStream(name);
    if (in == null) {
      throw new FileNotFoundException("resource " + name + " is not on the class path");
    }
    return in;
  }
}
