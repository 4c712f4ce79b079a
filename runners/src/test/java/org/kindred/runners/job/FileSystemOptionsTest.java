package org.kindred.runners.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class FileSystemOptionsTest {
  @Test
  void wordsAreOptionsOfBeams() {
    assertThat(FileSystemOptions.of(" --jobName=a  --tempLocation=/b\n").getTempLocation())
        .isEqualTo("/b");
    assertThat(FileSystemOptions.of(" ").getTempLocation()).isNull();
  }

  @Test
  void anUnknownOneIsNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FileSystemOptions.of("--nonsense=1"))
        .withMessageStartingWith("KINDRED_BEAM_OPTIONS: ")
        .withMessageContaining("'nonsense'");
  }
}
