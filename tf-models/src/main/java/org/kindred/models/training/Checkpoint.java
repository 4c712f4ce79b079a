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
 * The state of a training between two steps: all of it, so that training goes on as if it had not
 * stopped. The state of the random draws is the number of steps, because every draw is a function
 * of seed, epoch and example.
 *
 * <p>Tensors: {@code network.*} (weights and running statistics), {@code optimizer.*} (momentum
 * buffers), {@code objective.*} (such as the memory bank).
 *
 * @param steps steps taken
 * @param fingerprint identifies what is trained on what, as the caller gave it
 * @param threads threads of one TensorFlow operation in the last of the steps, on which the last
 *     bits of every weight depend
 * @param curve one record per complete epoch
 * @param partial the epoch under way; empty between epochs
 * @param tensors by name
 */
public record Checkpoint(
    long steps,
    String fingerprint,
    int threads,
    List<EpochRecord> curve,
    PartialEpoch partial,
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
    long losses =
        checkpoint.curve.stream().mapToLong(epoch -> epoch.losses().size()).sum()
            + checkpoint.partial.losses().size();
    if (checkpoint.steps != losses) {
      throw new DamagedFileException(
          file, "it is of " + checkpoint.steps + " steps, its training curve of " + losses);
    }
    return checkpoint;
  }

  private static Checkpoint of(SafetensorsFile stored) throws JsonProcessingException {
    Map<String, String> metadata = stored.metadata();
    return new Checkpoint(
        Long.parseLong(metadata.get("steps")),
        Objects.requireNonNull(metadata.get("fingerprint")),
        Integer.parseInt(metadata.get("threads")),
        JSON.readValue(metadata.get("curve"), new TypeReference<List<EpochRecord>>() {}),
        JSON.readValue(metadata.get("partial"), PartialEpoch.class),
        stored.tensors());
  }

  /** Returns the epochs that are complete. */
  public int epochs() {
    return curve.size();
  }

  /**
   * Returns the memory bank, {@code [examples, dimension]}, unit rows, when the objective has one.
   */
  public Optional<NamedTensor> memoryBank() {
    return Optional.ofNullable(tensors.get(TrainingObjective.MEMORY_BANK));
  }

  /** Writes a new file and forces it to disk. */
  public void write(Path file) throws IOException {
    Map<String, String> metadata =
        Map.of(
            "steps", Long.toString(steps),
            "fingerprint", fingerprint,
            "threads", Integer.toString(threads),
            "curve", JSON.writeValueAsString(curve),
            "partial", JSON.writeValueAsString(partial));
    SafetensorsWriter.write(file, metadata, List.copyOf(tensors.values()));
  }
}
