package org.kindred.stages;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/** One case of a file of golden vectors, which were computed in double precision. */
public record Golden(String name, JsonNode inputs, JsonNode expected) {

  /** Reads all cases of a suite. */
  public static List<Golden> cases(String suite) {
    Path file = Path.of(System.getProperty("kindred.testdata"), "golden", suite + ".json");
    try {
      JsonNode cases = new ObjectMapper().readTree(file.toFile()).required("cases");
      return StreamSupport.stream(cases.spliterator(), false)
          .map(
              entry ->
                  new Golden(
                      entry.required("name").asText(),
                      entry.required("inputs"),
                      entry.required("expected")))
          .toList();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + file, e);
    }
  }

  /** Reads the case of this name. */
  public static Golden of(String suite, String name) {
    return cases(suite).stream()
        .filter(golden -> golden.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no case " + name + " in " + suite));
  }

  /** Returns the numbers of an array of any depth, row by row. */
  public static double[] doubles(JsonNode array) {
    List<Double> values = new ArrayList<>();
    collect(array, values);
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** Returns the numbers of an array of any depth as floats. */
  public static float[] floats(JsonNode array) {
    double[] values = doubles(array);
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** Returns the whole numbers of an array of any depth. */
  public static int[] ints(JsonNode array) {
    double[] values = doubles(array);
    int[] ints = new int[values.length];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = (int) values[i];
    }
    return ints;
  }

  private static void collect(JsonNode node, List<Double> values) {
    if (node.isArray()) {
      node.forEach(child -> collect(child, values));
    } else if (node.isNumber()) {
      values.add(node.doubleValue());
    } else {
      throw new IllegalStateException(node + " is no number");
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
