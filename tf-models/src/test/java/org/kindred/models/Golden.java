package org.kindred.models;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** One case of a file of golden vectors, which were computed in double precision. */
public record Golden(
    String name, JsonNode inputs, JsonNode expected, double absolute, double relative) {

  /** Reads the cases of a suite whose names start with {@code prefix}; there must be some. */
  public static List<Golden> cases(String suite, String prefix) {
    Path file = Path.of(System.getProperty("kindred.testdata"), "golden", suite + ".json");
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(file.toFile());
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + file, e);
    }
    JsonNode tolerance = root.at("/tolerance/float32");
    List<Golden> cases =
        StreamSupport.stream(root.get("cases").spliterator(), false)
            .filter(entry -> entry.get("name").asText().startsWith(prefix))
            .map(
                entry ->
                    new Golden(
                        entry.get("name").asText(),
                        entry.get("inputs"),
                        entry.get("expected"),
                        tolerance.get("abs").asDouble(),
                        tolerance.get("rel").asDouble()))
            .toList();
    assertThat(cases).as("cases " + prefix + " of " + suite).isNotEmpty();
    return cases;
  }

  /** Reads the one case of this name. */
  public static Golden only(String suite, String name) {
    List<Golden> cases = cases(suite, name).stream().filter(c -> c.name.equals(name)).toList();
    assertThat(cases).hasSize(1);
    return cases.get(0);
  }

  /** Returns the numbers of an array of any depth, row by row; one number for a number. */
  public static float[] floats(JsonNode array) {
    double[] values = doubles(array);
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** Returns the numbers of an array of any depth, row by row; one number for a number. */
  public static double[] doubles(JsonNode array) {
    List<Double> values = new ArrayList<>();
    collect(array, values);
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static void collect(JsonNode node, List<Double> values) {
    if (node.isArray()) {
      node.forEach(child -> collect(child, values));
    } else {
      assertThat(node.isNumber()).as(node + " is a number").isTrue();
      values.add(node.asDouble());
    }
  }

  /** Returns the whole numbers of a flat array. */
  public static int[] ints(JsonNode array) {
    float[] values = floats(array);
    return IntStream.range(0, values.length).map(i -> (int) values[i]).toArray();
  }

  /** Checks that numbers agree with expected ones within the suite's tolerance. */
  public void check(float[] got, JsonNode want) {
    List<Double> values = new ArrayList<>();
    collect(want, values);
    assertThat(got).as(name).hasSize(values.size());
    for (int i = 0; i < got.length; i++) {
      double limit = absolute + relative * Math.abs(values.get(i));
      assertThat((double) got[i])
          .as("%s, element %d", name, i)
          .isBetween(values.get(i) - limit, values.get(i) + limit);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
