package org.kindred.models.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.models.safetensors.DamagedFileException;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.safetensors.SafetensorsFile;
import org.kindred.models.safetensors.SafetensorsWriter;

/**
 * The state of a training at the end of an epoch: all of it, so that training goes on as if it had
 * not stopped. The state of the random draws is the number of epochs, because every draw is a
 * function of seed, epoch and example.
 *
 * <p>Tensors: {@code network.*} (weights and running statistics), {@code optimizer.*} (momentum
 * buffers), {@code objective.*} (such as the memory bank).
 *
 * @param epochs epochs that are complete
 * @param steps steps taken in them
 * @param fingerprint identifies what is trained on what, as the caller gave it
 * @param threads threads of one TensorFlow operation in the last of the epochs, on which the last
 *     bits of every weight depend
 * @param curve one record per complete epoch
 * @param tensors by name
 */
public record Checkpoint(
    int epochs,
    long steps,
    String fingerprint,
    int threads,
    List<EpochRecord> curve,
    Map<String, NamedTensor> tensors) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Copies the curve. */
  public Checkpoint {
    curve = List.copyOf(curve);
  }

  /**
   * Reads a checkpoint; its tensors are mapped, not loaded.
   *
   * @throws DamagedFileException when it is no whole checkpoint, saying why
   * @throws IOException when it cannot be read
   */
  public static Checkpoint read(Path file) throws IOException {
    SafetensorsFile stored = SafetensorsFile.open(file);
    Checkpoint checkpoint;
    try {
      checkpoint = of(stored);
    } catch (IllegalArgumentException | NullPointerException | JsonProcessingException e) {
      throw new DamagedFileException(file, "it is a safetensors file, but not a checkpoint", e);
    }
    if (checkpoint.epochs != checkpoint.curve.size()) {
      throw new DamagedFileException(
          file,
          "it is of "
              + checkpoint.epochs
              + " epochs, its training curve of "
              + checkpoint.curve.size());
    }
    return checkpoint;
  }

  private static Checkpoint of(SafetensorsFile stored) throws JsonProcessingException {
    Map<String, String> metadata = stored.metadata();
    return new Checkpoint(
        Integer.parseInt(metadata.get("epochs")),
        Long.parseLong(metadata.get("steps")),
        Objects.requireNonNull(metadata.get("fingerprint")),
        Integer.parseInt(metadata.get("threads")),
        JSON.readValue(metadata.get("curve"), new TypeReference<List<EpochRecord>>() {}),
        stored.tensors());
  }

  /**
   * Returns the memory bank, {@code [examples, dimension]}, unit rows, when the objective has one.
   */
  public Optional<NamedTensor> memoryBank() {
    return Optional.ofNullable(tensors.get(TrainingObjective.MEMORY_BANK));
  }

  /** Writes a new file and forces it to disk. */
  void write(Path file) throws IOException {
    Map<String, String> metadata =
        Map.of(
            "epochs", Integer.toString(epochs),
            "steps", Long.toString(steps),
            "fingerprint", fingerprint,
            "threads", Integer.toString(threads),
            "curve", JSON.writeValueAsString(curve));
    SafetensorsWriter.write(file, metadata, List.copyOf(tensors.values()));
  }
}
