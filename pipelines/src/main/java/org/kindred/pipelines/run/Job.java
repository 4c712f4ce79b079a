package org.kindred.pipelines.run;

import com.google.protobuf.Value;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.kindred.pipelines.plan.BoundStep;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.artifact.Digests;

/**
 * One step's job, as a runner knows it.
 *
 * @param run id of the run
 * @param step id of the step
 * @param stage the stage and its main parameters, for people
 * @param key what the job makes and in which store, 16 hexadecimal digits: two jobs of one key make
 *     the same artifact
 * @param oneTask whether the work is one task; see {@link org.kindred.stages.Stage#isOneTask}
 * @param usesAllProcessors whether each task does; see {@link
 *     org.kindred.stages.Stage#usesAllProcessors}
 */
public record Job(
    String run, String step, String stage, String key, boolean oneTask, boolean usesAllProcessors) {
  private static final int KEY_DIGITS = 16;
  private static final int MAX_PARAMETERS = 100;

  static Job of(String run, BoundStep step, Producer producer, String store) {
    String made = store + " " + producer.getReuseKey();
    return new Job(
        run,
        step.id(),
        "%s %s".formatted(step.stage().name(), parameters(producer)),
        Digests.of(made.getBytes(StandardCharsets.UTF_8)).substring(0, KEY_DIGITS),
        step.stage().isOneTask(),
        step.stage().usesAllProcessors());
  }

  private static String parameters(Producer producer) {
    Map<String, Value> fields = new TreeMap<>(producer.getConfig().getFieldsMap());
    String all =
        fields.entrySet().stream()
            .filter(field -> !field.getValue().hasStructValue() && !field.getValue().hasListValue())
            .map(field -> field.getKey() + "=" + text(field.getValue()))
            .collect(Collectors.joining(", "));
    return all.length() > MAX_PARAMETERS ? all.substring(0, MAX_PARAMETERS) + "..." : all;
  }

  private static String text(Value value) {
    return switch (value.getKindCase()) {
      case NUMBER_VALUE -> number(value.getNumberValue());
      case BOOL_VALUE -> "" + value.getBoolValue();
      default -> value.getStringValue();
    };
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15 ? "" + (long) value : "" + value;
  }

  /** Returns the job's name: step, stage and parameters, what it makes, run. */
  public String name() {
    return "%s: %s %s %s".formatted(step, stage, mark(), run);
  }

  /** Returns the part of the name that every job with this key has, and no other. */
  public String mark() {
    return "[" + key + "]";
  }
}
