package org.kindred.models.training;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kindred.models.objective.IntTable;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.tensorflow.TensorMemory;
import org.tensorflow.Result;

/** Values of all of a training's variables and tables, in native memory but for the tables. */
final class Snapshot implements AutoCloseable {
  private final Result result;
  private final Map<String, NamedTensor> tensors = new LinkedHashMap<>();

  Snapshot(List<String> names, Result result, Iterable<IntTable> tables) {
    this.result = result;
    for (int i = 0; i < names.size(); i++) {
      List<Integer> shape = new ArrayList<>();
      for (long length : result.get(i).shape().asArray()) {
        shape.add(Math.toIntExact(length));
      }
      tensors.put(
          names.get(i), new NamedTensor(names.get(i), shape, TensorMemory.floats(result.get(i))));
    }
    for (IntTable table : tables) {
      tensors.put(
          table.name(),
          new NamedTensor(
              table.name(), List.of(table.rows(), table.width()), IntBuffer.wrap(table.values())));
    }
  }

  /** Returns the tensors by name, in the order of their variables' creation. */
  Map<String, NamedTensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public void close() {
    result.close();
  }
}
