package org.kindred.models.objective;

import com.fasterxml.jackson.databind.JsonNode;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.ndarray.Shape;

/** Memory banks with given rows. */
final class Banks {

  private Banks() {}

  /** Declares the bank before the objective does. */
  static Variable declare(TestGraph graph, JsonNode rows) {
    return declare(graph, Golden.floats(rows), rows.size());
  }

  /** Declares the bank before the objective does. */
  static Variable declare(TestGraph graph, float[] values, int rows) {
    Initializer initial = (target, seed, number) -> target.put(values);
    return graph
        .variables()
        .variable(TrainingObjective.MEMORY_BANK, Shape.of(rows, values.length / rows), initial);
  }

  /** Returns unit vectors in the plane at angles in degrees, row by row. */
  static float[] circle(double... degrees) {
    float[] rows = new float[2 * degrees.length];
    for (int i = 0; i < degrees.length; i++) {
      rows[2 * i] = (float) Math.cos(Math.toRadians(degrees[i]));
      rows[2 * i + 1] = (float) Math.sin(Math.toRadians(degrees[i]));
    }
    return rows;
  }
}
