package org.kindred.pipelines.run;

import com.google.protobuf.util.Timestamps;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.kindred.pipelines.plan.Planner;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunState;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Manifests;
import org.kindred.stages.artifact.StoreFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records of runs: {@code runs/ID/run.json} in a store. Ids sort by the time that a run started.
 */
public final class RunStore implements Planner.History {
  private static final DateTimeFormatter ID_TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss.SSS").withZone(ZoneOffset.UTC);

  private static final Logger LOG = LoggerFactory.getLogger(RunStore.class);

  private final String root;
  private final StoreFiles files;

  /** The runs before this process's own, newest first; null until they are asked for. */
  private List<Run> history;

  /** Opens the records of a store. */
  public RunStore(ArtifactStore store) {
    this.root = store.root() + "/runs";
    this.files = store.files();
  }

  /**
   * Takes an id for a run that starts, which no other run gets: the time to the millisecond and the
   * experiment's name.
   */
  String claimId(Instant start, String experiment) throws IOException {
    for (Instant time = start; ; time = time.plusMillis(1)) {
      String id = ID_TIME.format(time) + "-" + experiment;
      try (OutputStream claim = files.create(directory(id) + "/claim")) {
        claim.write(id.getBytes(StandardCharsets.UTF_8));
        return id;
      } catch (FileAlreadyExistsException e) {
        LOG.debug("{} is taken", id);
      }
    }
  }

  /** Returns the directory of a run's record and of what belongs to it, such as its report. */
  public String directory(String id) {
    return root + "/" + id;
  }

  /** Asks the process that runs it to stop a run. */
  public void requestCancel(String id) throws IOException {
    files.replace(cancelPath(id), id.getBytes(StandardCharsets.UTF_8));
  }

  /** Records that a run is cancelled whose process is gone. */
  public void markCancelled(Run run) throws IOException {
    Run.Builder ended = run.toBuilder().setState(RunState.RUN_STATE_CANCELLED);
    ended.setFinished(Timestamps.now()).setError("cancelled after its process had died");
    for (RunStep.Builder step : ended.getStepsBuilderList()) {
      if (step.getAction() == StepAction.STEP_ACTION_STARTED) {
        step.setAction(StepAction.STEP_ACTION_CANCELLED);
      }
    }
    write(ended.build());
  }

  /** Shows that the process which runs a run is alive. */
  void beat(String id) throws IOException {
    files.replace(beatPath(id), id.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Returns when the process that runs a run was last seen alive: when it started, if it left no
   * later trace.
   */
  public Instant lastSeen(Run run) throws IOException {
    Instant updated = Instant.ofEpochSecond(run.getUpdated().getSeconds());
    Instant beat = Instant.ofEpochMilli(files.lastModified(beatPath(run.getId())));
    Instant trace = updated.isAfter(beat) ? updated : beat;
    return trace.equals(Instant.EPOCH)
        ? Instant.ofEpochSecond(run.getStarted().getSeconds())
        : trace;
  }

  private String beatPath(String id) {
    return directory(id) + "/alive";
  }

  /** Returns whether somebody asked to stop a run. */
  boolean isCancelRequested(String id) throws IOException {
    return files.size(cancelPath(id)) >= 0;
  }

  private String cancelPath(String id) {
    return directory(id) + "/cancel";
  }

  /** Writes a run's record in place of the one before. */
  void write(Run run) throws IOException {
    files.replace(path(run.getId()), Manifests.toJson(run));
  }

  /** Returns the ids of all runs that have a record, newest first. */
  public List<String> ids() throws IOException {
    List<String> ids = new ArrayList<>();
    for (String id : files.list(root)) {
      if (files.size(path(id)) >= 0) {
        ids.add(id);
      }
    }
    Collections.reverse(ids);
    return ids;
  }

  /**
   * Returns a run's record.
   *
   * @param reference an id, a unique prefix of one, or {@code latest}
   * @throws ArtifactException if there is no such run, or its record is not readable
   */
  public Run resolve(String reference) throws IOException {
    List<String> ids = ids();
    if (reference.equals("latest") && !ids.isEmpty()) {
      return read(ids.get(0));
    }
    if (ids.contains(reference)) {
      return read(reference);
    }
    List<String> matches = ids.stream().filter(id -> id.startsWith(reference)).toList();
    if (matches.size() != 1) {
      throw new ArtifactException(
          matches.isEmpty()
              ? "no run \"%s\" in store, its runs are: %s"
                  .formatted(reference, ids.isEmpty() ? "none" : String.join(", ", ids))
              : "\"%s\" is ambiguous: %s".formatted(reference, String.join(", ", matches)));
    }
    return read(matches.get(0));
  }

  private Run read(String id) throws IOException {
    try (InputStream in = files.open(path(id))) {
      return Manifests.fromJson(in.readAllBytes(), Run.newBuilder(), path(id)).build();
    }
  }

  /** What is not readable tells nothing of the past, and is no reason to stop a run. */
  private List<Run> readable() throws IOException {
    List<Run> runs = new ArrayList<>();
    for (String id : ids()) {
      try {
        runs.add(read(id));
      } catch (ArtifactException e) {
        LOG.warn("passing over a run: {}", e.getMessage());
      }
    }
    return runs;
  }

  /** Returns the runs that have a readable record, newest first, as they are at the first call. */
  public List<Run> all() throws IOException {
    if (history == null) {
      history = readable();
    }
    return history;
  }

  @Override
  public Optional<RunStep> last(String experiment, String step) throws IOException {
    return all().stream()
        .filter(run -> run.getExperiment().equals(experiment))
        .flatMap(run -> run.getStepsList().stream())
        .filter(candidate -> candidate.getId().equals(step) && candidate.hasProducer())
        .findFirst();
  }

  private String path(String id) {
    return directory(id) + "/run.json";
  }
}
