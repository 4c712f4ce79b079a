package org.kindred.pipelines.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.kindred.pipelines.plan.Planner;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Manifests;
import org.kindred.stages.artifact.StoreFiles;

/**
 * Records of runs: {@code runs/ID/run.json} in a store. Ids sort by the time that a run started.
 */
public final class RunStore implements Planner.History {
  private static final DateTimeFormatter ID_TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  private final String root;
  private final StoreFiles files;

  /** Opens the records of a store. */
  public RunStore(ArtifactStore store) {
    this.root = store.root() + "/runs";
    this.files = store.files();
  }

  /** Returns an id that no run has yet. */
  String newId(Instant start, String experiment) throws IOException {
    String base = ID_TIME.format(start) + "-" + experiment;
    String id = base;
    List<String> taken = files.list(root);
    for (int n = 2; taken.contains(id); n++) {
      id = base + "-" + n;
    }
    return id;
  }

  /** Returns the directory of a run's record and of what belongs to it, such as its report. */
  public String directory(String id) {
    return root + "/" + id;
  }

  /** Writes a run's record in place of the one before. */
  void write(Run run) throws IOException {
    files.replace(path(run.getId()), Manifests.toJson(run));
  }

  /** Returns the ids of all runs, newest first. */
  public List<String> ids() throws IOException {
    List<String> ids = new ArrayList<>(files.list(root));
    Collections.reverse(ids);
    return ids;
  }

  /**
   * Returns a run's record.
   *
   * @param reference an id, a unique prefix of one, or {@code latest}
   * @throws ArtifactException if there is no such run
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
    } catch (NoSuchFileException e) {
      throw new ArtifactException("missing: " + path(id), e);
    }
  }

  @Override
  public Optional<Producer> last(String experiment, String step) throws IOException {
    for (String id : ids()) {
      if (files.size(path(id)) < 0) {
        continue;
      }
      Run run = read(id);
      if (!run.getExperiment().equals(experiment)) {
        continue;
      }
      for (RunStep candidate : run.getStepsList()) {
        if (candidate.getId().equals(step) && !candidate.getArtifact().isEmpty()) {
          return Optional.of(candidate.getProducer());
        }
      }
    }
    return Optional.empty();
  }

  private String path(String id) {
    return directory(id) + "/run.json";
  }
}
