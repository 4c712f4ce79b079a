package org.kindred.stages;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.stages.artifact.StagedFile;

/**
 * What one work item of a stage has made.
 *
 * @param files files that it wrote
 * @param content what it knows of the artifact's payload, in the payload's own terms: counts of its
 *     own rows, for instance
 * @param rejects the first few records that it refused, one line each
 * @param measurements figures to keep beside the artifact, by name with unit
 * @param device what TensorFlow computed it on, as {@link
 *     org.kindred.models.tensorflow.Device#name} has it; empty where it matters to nobody
 */
public record Part(
    List<StagedFile> files,
    Content content,
    List<String> rejects,
    Map<String, Double> measurements,
    String device)
    implements Serializable {

  /** Copies its arguments. */
  public Part {
    files = List.copyOf(files);
    rejects = List.copyOf(rejects);
    measurements = Map.copyOf(measurements);
  }

  /** Returns a part with files and content alone. */
  public static Part of(List<StagedFile> files, Content content) {
    return new Part(files, content, List.of(), Map.of(), "");
  }
}
