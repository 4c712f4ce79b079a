package org.kindred.stages.pretrain;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.kindred.models.network.TorchvisionWeights;
import org.kindred.models.training.Checkpoint;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.Manifests;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.image.ViewMaker;

/**
 * Writes the backbone of a Model for other frameworks: the weights of a residual network under
 * torchvision's names, in a safetensors file.
 *
 * <p>Its metadata say what the weights were trained for: {@code input_size} in pixels, {@code
 * channel_order}, {@code mean} and {@code std} of each channel of an image from 0 to 1, {@code
 * batch_norm_epsilon}, and the {@code model} by its digest.
 */
public final class BackboneExport {
  private BackboneExport() {}

  /**
   * Writes a new file.
   *
   * @param artifact a Model
   * @param file must not exist
   * @throws ArtifactException if the artifact is no Model, or not one of a residual network
   * @throws java.nio.file.FileAlreadyExistsException if the file exists
   */
  public static void write(StoredArtifact artifact, Path file) throws IOException {
    if (artifact.type() != ArtifactType.ARTIFACT_TYPE_MODEL) {
      throw new ArtifactException(
          "artifact %s is of type %s, valid is %s"
              .formatted(
                  artifact.location(),
                  Manifests.typeName(artifact.type()),
                  Manifests.typeName(ArtifactType.ARTIFACT_TYPE_MODEL)));
    }
    Model model = artifact.content().getModel();
    try {
      TorchvisionWeights.write(
          file,
          model.getNetwork(),
          metadata(artifact),
          Checkpoint.read(artifact.local(checkpoint(artifact))).tensors());
    } catch (IllegalArgumentException e) {
      throw new ArtifactException(
          "artifact %s: %s".formatted(artifact.location(), e.getMessage()), e);
    }
  }

  private static DataFile checkpoint(StoredArtifact artifact) {
    String path = artifact.content().getModel().getCheckpoint();
    return artifact.content().getFilesList().stream()
        .filter(file -> file.getPath().equals(path))
        .findFirst()
        .orElseThrow(
            () ->
                new ArtifactException(
                    "artifact %s has no file \"%s\"".formatted(artifact.location(), path)));
  }

  private static Map<String, String> metadata(StoredArtifact artifact) {
    Model model = artifact.content().getModel();
    Normalize normalize = model.getEvaluationRecipe().getNormalize();
    Map<String, String> metadata = new TreeMap<>();
    metadata.put("input_size", "" + new ViewMaker(model.getEvaluationRecipe()).size());
    metadata.put("channel_order", "RGB");
    metadata.put(
        "mean",
        normalize.getMeanRed() + " " + normalize.getMeanGreen() + " " + normalize.getMeanBlue());
    metadata.put(
        "std",
        normalize.getStdRed() + " " + normalize.getStdGreen() + " " + normalize.getStdBlue());
    metadata.put("batch_norm_epsilon", "1e-5");
    metadata.put("model", artifact.digest());
    return metadata;
  }
}
