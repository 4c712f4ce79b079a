package org.kindred.models.tensorflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** In a build for a GPU. */
@EnabledIf("org.kindred.models.tensorflow.CudaLibraries#onClassPath")
final class CudaLibrariesTest {

  /** They need no driver, so that this runs on a machine without a GPU too. */
  @Test
  void areLoadedInTheOrderOfWhatTheyNeed() throws IOException {
    CudaLibraries.loadAll();
    List<String> mapped =
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
            .filter(line -> line.contains("/org/bytedeco/cuda/"))
            .map(line -> line.substring(line.lastIndexOf('/') + 1))
            .distinct()
            .toList();
    assertThat(mapped).containsExactlyInAnyOrderElementsOf(CudaLibraries.IN_ORDER);
  }
}
