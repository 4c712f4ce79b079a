package org.kindred.stages.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.stages.artifact.StoreFiles;

class CheckpointMirrorTest {
  @TempDir Path directory;
  private StoreFiles files;
  private String remote;

  @BeforeEach
  void open() {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    remote = "mem://host" + directory + "/checkpoints/key";
    files = StoreFiles.of(remote);
  }

  private Path machine(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name));
  }

  private CheckpointMirror mirror(Path machine) {
    return new CheckpointMirror(files, remote, machine);
  }

  private static Path checkpoint(Path machine, int steps) throws IOException {
    return Files.writeString(
        machine.resolve("step-00000000%d.safetensors".formatted(steps)), "weights " + steps);
  }

  private static Stream<String> names(Path machine) throws IOException {
    try (Stream<Path> files = Files.list(machine)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    }
  }

  @Test
  void anotherMachineGoesOnFromTheNewestCheckpoint() throws IOException {
    Path first = machine("first");
    Path second = machine("second");
    mirror(second).fetch();
    assertThat(names(second)).isEmpty();

    mirror(first).store(checkpoint(first, 1));
    mirror(first).store(checkpoint(first, 2));
    assertThat(files.list(remote)).containsExactly("step-000000002.safetensors");
    mirror(second).fetch();
    assertThat(names(second)).containsExactly("step-000000002.safetensors");
    assertThat(second.resolve("step-000000002.safetensors")).hasContent("weights 2");
  }

  @Test
  void whatThisMachineHasIsNotFetchedAgain() throws IOException {
    Path first = machine("first");
    Path second = machine("second");
    mirror(first).store(checkpoint(first, 1));
    Files.writeString(second.resolve("step-000000001.safetensors"), "mine");
    Files.writeString(second.resolve("step-000000003.safetensors.damaged"), "damage");
    mirror(second).fetch();
    assertThat(second.resolve("step-000000001.safetensors")).hasContent("mine");
    mirror(second).store(second.resolve("step-000000001.safetensors"));
    assertThat(files.local(remote + "/step-000000001.safetensors")).hasContent("weights 1");
  }

  @Test
  void aTrainingThatWasOvertakenLeavesTheNewerCheckpoint() throws IOException {
    Path slow = machine("slow");
    Path fast = machine("fast");
    Path old = checkpoint(slow, 2);
    mirror(fast).store(checkpoint(fast, 3));
    mirror(slow).store(old);
    assertThat(files.list(remote)).containsExactly("step-000000003.safetensors");
    assertThat(files.local(remote + "/step-000000003.safetensors")).hasContent("weights 3");
  }

  @Test
  void aStoreOnThisMachineNeedsNoMirror() throws IOException {
    Path local = machine("local");
    CheckpointMirror mirror =
        new CheckpointMirror(StoreFiles.of(local.toString()), local.toString(), local);
    mirror.store(checkpoint(local, 1));
    mirror.store(checkpoint(local, 2));
    mirror.fetch();
    assertThat(names(local))
        .containsExactly("step-000000001.safetensors", "step-000000002.safetensors");
  }
}
