package org.kindred.pipelines.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunState;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;

class HtmlReportTest {
  private static final String SCRIPT_NAME = SampleRun.CLASSES.get(0);
  private static final String LAB_NAME = SampleRun.CLASSES.get(1);

  @TempDir static Path root;
  private static SampleRun sample;
  private static Html html;

  @BeforeAll
  static void makeRun() throws IOException {
    sample = SampleRun.in(root.resolve("store"));
    html = Html.of(sample.run(), sample.store());
  }

  private static String section(String anchor) {
    return "//section[@id='" + anchor + "']";
  }

  @Test
  void headSaysWhichRunWhenAndHowItStands() {
    assertThat(html.text("//h1")).isEqualTo("sample <b> done");
    assertThat(html.text("//p[@class='run-id']")).isEqualTo("20260102-030405-sample");
    assertThat(html.texts("//header//dd"))
        .containsExactly(
            "2026-01-02 03:04:05 UTC",
            "2 min 05 s",
            "7 ran, 1 reused",
            "preset sample",
            "7",
            "graph.k=3");
    assertThat(html.count("//header//*[@role='alert']")).isZero();
  }

  @Test
  void contentsLeadToEverySection() {
    List<String> sections = html.texts("//section/@id");
    assertThat(sections)
        .containsExactly(
            "metrics",
            "probes-evaluate",
            "training-pretrain",
            "neighbours-evaluate",
            "graphs",
            "positives-positives",
            "views-views",
            "clusters-clusters-embedding",
            "lineage",
            "environment");
    assertThat(html.texts("//nav//a/@href"))
        .containsExactlyElementsOf(sections.stream().map(id -> "#" + id).toList());
  }

  @Test
  void needsNothingButItself() {
    assertThat(html.texts("//@src")).isNotEmpty().allMatch(src -> src.startsWith("data:image/png"));
    assertThat(html.texts("//@href")).allMatch(href -> href.startsWith("#"));
    assertThat(html.count("//link")).isZero();
    assertThat(html.source()).doesNotContain("@import").doesNotContain("<script src");
  }

  @Test
  void metricsStandBesideTheirBaselinesWithTheBestMarked() {
    String row = section("metrics") + "//tbody/tr";
    assertThat(html.count(row)).isEqualTo(2);
    assertThat(html.text(row + "[1]/th")).isEqualTo("knn_top1" + SampleRun.KNN_PROTOCOL);
    assertThat(html.texts(row + "[1]/td[contains(@class,'number')]"))
        .containsExactly("★ 0.7500", "0.5000", "0.6250");
    assertThat(html.text(row + "[1]/td[contains(@class,'best')]")).isEqualTo("★ 0.7500");
    assertThat(html.texts(row + "[2]/td[contains(@class,'number')]"))
        .containsExactly("0.5000", "-", "-");
  }

  @Test
  void probesShowHowWellTheyFit() {
    assertThat(html.texts(section("probes-evaluate") + "//tbody/tr/*"))
        .containsExactly("learned", "embedding", "9", "1.0986", "0.7500", "0.8750", "0.5000");
    assertThat(html.texts(section("probes-evaluate") + "//thead//th"))
        .endsWith("top-1, train", "top-1, test");
  }

  @Test
  void chartsHaveTheCurveAndTheMonitor() throws IOException {
    ObjectMapper json = new ObjectMapper();
    JsonNode loss = json.readTree(html.text("//div[@data-chart='loss']/@data-values"));
    assertThat(loss.get("loss").toString()).isEqualTo("[6,5,4,3,null,1]");
    assertThat(loss.get("step").toString()).isEqualTo("[0,1,2,3,4,5]");
    assertThat(loss.get("rate").get(5).asDouble()).isEqualTo(0.003);
    JsonNode monitor = json.readTree(html.text("//div[@data-chart='monitor']/@data-values"));
    assertThat(monitor.get("epoch").toString()).isEqualTo("[1,2]");
    assertThat(monitor.get("accuracy").get(1).asDouble()).isEqualTo(0.5);
    assertThat(html.texts(section("training-pretrain") + "//tbody/tr[1]/td"))
        .containsExactly("1", "5.0000", "0.03", "0.9000", "0.2500");
    assertThat(html.source()).contains("Licensed to the Apache Software Foundation");
  }

  @Test
  void galleryMarksRightAndWrongByStyleAndSign() {
    String strip = section("neighbours-evaluate") + "//div[@class='strip']";
    String first = strip + "[1]/div[@class='tiles']/figure";
    assertThat(html.texts(first + "/@class")).containsExactly("tile right", "tile wrong");
    assertThat(html.texts(first + "/figcaption"))
        .containsExactly("✓ cat0.988", "✗ " + LAB_NAME + "0.250");
    assertThat(html.text(strip + "[1]/div[@class='subject']//figcaption"))
        .isEqualTo("cat✓ kNN: cat");
    assertThat(html.text(strip + "[2]/div[@class='subject']/figure/@class"))
        .isEqualTo("tile wrong");
    assertThat(html.texts(strip + "[2]/div[@class='tiles']/figure/@class"))
        .containsExactly("tile none", "tile wrong");
    assertThat(html.texts(strip + "[2]/div[@class='tiles']//figcaption").get(0))
        .isEqualTo("no label0.500");
  }

  @Test
  void anApproximateGraphTellsItsRecall() {
    assertThat(html.texts(section("graphs") + "//tbody/tr/*"))
        .containsExactly(
            "graph",
            "approximate: 2 of 3 clusters",
            "9, train",
            "the other nodes",
            "3",
            "cosine",
            "0.9500 (0.9400 to 0.9600, 4 nodes)");
  }

  @Test
  void imagesAreTheDataSetsOwn() throws IOException {
    String query = section("neighbours-evaluate") + "//div[@class='strip'][1]/div[1]//img/@src";
    String uri = html.text(query);
    byte[] png = Base64.getDecoder().decode(uri.substring(uri.indexOf(',') + 1));
    int rgb = ImageIO.read(new ByteArrayInputStream(png)).getRGB(1, 0);
    byte[] pixels = SampleRun.pixels(11);
    assertThat(rgb & 0xffffff)
        .isEqualTo((pixels[3] & 0xff) << 16 | (pixels[4] & 0xff) << 8 | (pixels[5] & 0xff));
  }

  @Test
  void hostileNamesAreText() {
    assertThat(html.source()).doesNotContain("<script>alert").doesNotContain("broken <i>");
    assertThat(html.texts("//figcaption")).contains(SCRIPT_NAME + "✗ kNN: " + LAB_NAME);
    assertThat(html.texts("//figure/img/@alt")).contains("example 12, " + SCRIPT_NAME);
  }

  @Test
  void easyPositivesComeFromTheGraphAndHardOnesFromTheSet() {
    String node = section("positives-positives") + "//div[@class='strip'][1]";
    // Node 11 has label 2; its neighbours are 12, 14 (no positive) and 13; its hard positive is 17.
    assertThat(html.text(node + "/div[1]//figcaption")).isEqualTo("catexample 11");
    String rows = node + "//div[@class='tiles']";
    assertThat(html.texts(rows + "[1]/figure/img/@title"))
        .containsExactly("example 12, " + SCRIPT_NAME, "example 13, " + LAB_NAME);
    assertThat(html.texts(rows + "[1]//figcaption"))
        .containsExactly("✗ " + SCRIPT_NAME + "0.900 · 1 hop", "✗ " + LAB_NAME + "0.700 · 1 hop");
    assertThat(html.text(rows + "[2]//figcaption")).isEqualTo("✓ cat0.125 · 2 hops");
    assertThat(html.text(rows + "[2]/figure/@class")).isEqualTo("tile right");
  }

  @Test
  void precisionIsGivenByHop() {
    String rows = section("positives-positives") + "//tbody/tr";
    assertThat(html.texts(rows + "[1]/*")).containsExactly("1 hop", "18", "16", "12", "75.0 %");
    assertThat(html.texts(rows + "[2]/*")).containsExactly("2 hops", "9", "0", "0", "–");
    assertThat(html.texts(rows + "[3]/*"))
        .containsExactly("hard positives", "9", "8", "2", "25.0 %");
  }

  @Test
  void viewsOfAnExampleStandBesideIt() throws IOException {
    String strip = section("views-views") + "//div[@class='strip']";
    assertThat(html.count(strip)).isEqualTo(5);
    assertThat(html.texts(strip + "[1]/div[@class='tiles']/figure/img/@alt"))
        .containsExactly(
            "example 10, view 0 of epoch 0",
            "example 10, view 1 of epoch 0",
            "example 10, view 0 of epoch 1",
            "example 10, view 1 of epoch 1");
    byte[] third = SampleRun.pixels(118);
    assertThat(html.texts(strip + "[1]/div[@class='tiles']/figure/img/@src").get(2))
        .isEqualTo(Thumbnail.dataUri(SampleRun.SIDE, SampleRun.SIDE, third));
    assertThat(html.text(section("views-views") + "//li")).contains("horizontal_flip");
  }

  @Test
  void clustersAreCountedAgainstClasses() {
    String table = section("clusters-clusters-embedding") + "//table";
    assertThat(html.texts(table + "/thead//th"))
        .containsExactly("cluster", SCRIPT_NAME, LAB_NAME, "cat", "no label", "size", "purity");
    // Examples 10 to 14 have labels 1, 2, 0, 1, 2; examples 15 to 18 have 0, 1, 2 and none.
    assertThat(html.texts(table + "/tbody/tr/th")).containsExactly("1", "0");
    assertThat(html.texts(table + "/tbody/tr[2]/td"))
        .containsExactly("1", "2", "2", "", "5", "40.0 %");
    assertThat(html.texts(table + "/tbody/tr[1]/td"))
        .containsExactly("1", "1", "1", "1", "4", "33.3 %");
    assertThat(html.texts(table + "/tbody/tr[2]/td/@style"))
        .containsExactly("--heat:0.20", "--heat:0.40", "--heat:0.40", "--heat:0.00");
  }

  @Test
  void lineageSaysWhatWasMadeFromWhat() {
    String rows = section("lineage") + "//table/tbody/tr";
    assertThat(html.texts(rows + "/th"))
        .containsExactlyElementsOf(
            sample.run().getStepsList().stream().map(step -> step.getId()).toList());
    assertThat(html.texts(rows + "[1]/td").subList(0, 3))
        .containsExactly("ingest v3", "reusedbecause of data", "12 s");
    assertThat(html.text(rows + "[1]//code/@title")).isEqualTo(sample.artifact("data").digest());
    assertThat(html.texts(rows + "[1]/td[5]")).containsExactly("examples 9rejects 1");
    assertThat(html.texts(rows + "[3]/td[7]/span")).containsExactly("data ← data", "views ← views");
    assertThat(html.texts("//*[local-name()='path']/*[local-name()='title']"))
        .contains("pretrain reads views", "evaluate reads clusters")
        .hasSize(11);
    assertThat(html.texts(section("lineage") + "//pre"))
        .hasSize(8)
        .containsOnly("k: 3 note: a < b");
  }

  @Test
  void inputsFromOutsideTheRunAreNamed() throws IOException {
    Html part = Html.of(sample.run("features", "evaluate"), sample.store());
    String rows = section("lineage") + "//table/tbody/tr";
    assertThat(part.texts(rows + "[1]/td[7]/span"))
        .containsExactly(
            "pretrain ← Model from outside this run", "data ← Dataset from outside this run");
    assertThat(part.texts("//*[local-name()='circle']/@class"))
        .containsExactly("outside", "outside", "outside", "ran", "ran");
    // Images are found through the inputs, whether or not the run made them.
    assertThat(part.count(section("neighbours-evaluate") + "//img")).isEqualTo(6);
  }

  @Test
  void environmentHasMeasurementsAndRejects() {
    String environment = section("environment");
    assertThat(html.texts(environment + "//dd"))
        .contains("TestOS 1", "amd64", "17", "embedded", "0.1-test", "1.1.0", "7");
    assertThat(html.texts(environment + "//table[1]/tbody/tr[1]/*"))
        .contains("data", "images_per_second", "123.46", "embedded, 2 processors, GPU X");
    assertThat(html.texts(environment + "//table[thead//th='reason']/tbody/tr/td"))
        .containsExactly("99", "broken <i>.png", "not a PNG & not a JPEG");
  }

  @Test
  void sectionsOfMissingStepsAreLeftOut() throws IOException {
    Html part = Html.of(sample.run("data"), sample.store());
    assertThat(part.texts("//section/@id")).containsExactly("lineage", "environment");
    assertThat(part.source()).doesNotContain("<script>").doesNotContain("echarts");
  }

  @Test
  void failedRunSaysWhy() throws IOException {
    Run failed =
        sample.run("data", "pretrain").toBuilder()
            .setState(RunState.RUN_STATE_FAILED)
            .setError("step features failed: <no> room\nat all")
            .build();
    Html part = Html.of(failed, sample.store());
    assertThat(part.text("//h1/span")).isEqualTo("failed");
    assertThat(part.text("//header/p[@class='error']"))
        .isEqualTo("Error step features failed: <no> room at all");
    assertThat(part.texts("//section/@id"))
        .containsExactly("training-pretrain", "lineage", "environment");
  }

  @Test
  void runThatHasJustStartedHasReport() throws IOException {
    Run started =
        Run.newBuilder()
            .setId("id")
            .setExperiment("e")
            .setState(RunState.RUN_STATE_RUNNING)
            .build();
    Html part = Html.of(started, sample.store());
    assertThat(part.text("//h1/span")).startsWith("not finished");
    assertThat(part.texts("//section/@id")).containsExactly("environment");
  }

  @Test
  void artifactThatIsGoneIsNamedAndTheRestIsShown() throws IOException {
    SampleRun damaged = SampleRun.in(root.resolve("gone"));
    StoredArtifact graph = damaged.artifact("graph");
    damaged.store().files().delete(graph.location());
    Html part = Html.of(damaged.run(), damaged.store());
    assertThat(part.texts("//header//li"))
        .containsExactly("step graph: artifact %s is not in the store".formatted(graph.digest()));
    // Without the graph there are no easy positives; the hard ones stay.
    assertThat(part.texts(section("positives-positives") + "//p[@class='row-name']"))
        .hasSize(4)
        .containsOnly("hard: least similar");
  }

  @Test
  void damagedTableIsNamedAndTheRestIsShown() throws IOException {
    SampleRun damaged = SampleRun.in(root.resolve("damaged"));
    StoredArtifact evaluation = damaged.artifact("evaluate");
    Path file = evaluation.local(evaluation.parts(Tables.GALLERY).get(0));
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    Html part = Html.of(damaged.run(), damaged.store());
    assertThat(part.text("//header//li")).startsWith("neighbours: ").contains("gallery-000000");
    assertThat(part.texts("//section/@id"))
        .contains("metrics")
        .doesNotContain("neighbours-evaluate");
  }

  @Test
  void sameRunGivesSameBytes() throws IOException {
    ByteArrayOutputStream first = new ByteArrayOutputStream();
    ByteArrayOutputStream second = new ByteArrayOutputStream();
    HtmlReport.write(sample.run(), sample.store(), first);
    HtmlReport.write(sample.run(), sample.store(), second);
    assertThat(first.toByteArray()).isEqualTo(second.toByteArray());
  }
}
