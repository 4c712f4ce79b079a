package org.kindred.stages.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.training.Checkpoint;
import org.kindred.models.training.PartialEpoch;
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

  private static Path checkpoint(Path machine, int steps, float weight) throws IOException {
    Path file = machine.resolve(name(steps));
    List<Float> losses = Collections.nCopies(steps, 1f);
    NamedTensor tensor =
        new NamedTensor("weight", List.of(1), FloatBuffer.wrap(new float[] {weight}));
    new Checkpoint(
            steps,
            "print",
            1,
            List.of(),
            new PartialEpoch(losses, Map.of()),
            Map.of("weight", tensor))
        .write(file);
    return file;
  }

  private static Path checkpoint(Path machine, int steps) throws IOException {
    return checkpoint(machine, steps, steps);
  }

  private static String name(int steps) {
    return "step-00000000%d.safetensors".formatted(steps);
  }

  private static float weight(Path file) throws IOException {
    return Checkpoint.read(file).tensors().get("weight").values().get(0);
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

    for (int steps = 1; steps <= 3; steps++) {
      mirror(first).store(checkpoint(first, steps));
    }
    assertThat(files.list(remote)).containsExactly(name(2), name(3));
    mirror(second).fetch();
    assertThat(names(second)).containsExactly(name(3));
    assertThat(weight(second.resolve(name(3)))).isEqualTo(3);
  }

  @Test
  void whatThisMachineHasIsNotFetchedAgain() throws IOException {
    Path first = machine("first");
    Path second = machine("second");
    mirror(first).store(checkpoint(first, 1));
    Path mine = checkpoint(second, 1, 7);
    Files.writeString(second.resolve(name(3) + ".damaged"), "damage");
    mirror(second).fetch();
    assertThat(weight(mine)).isEqualTo(7);
    mirror(second).store(mine);
    assertThat(weight(files.local(remote + "/" + name(1)))).isEqualTo(1);
  }

  @Test
  void aTrainingThatWasOvertakenLeavesTheNewerCheckpoint() throws IOException {
    Path slow = machine("slow");
    Path fast = machine("fast");
    Path old = checkpoint(slow, 2);
    mirror(fast).store(checkpoint(fast, 3));
    mirror(slow).store(old);
    assertThat(files.list(remote)).containsExactly(name(3));
    assertThat(weight(files.local(remote + "/" + name(3)))).isEqualTo(3);
  }

  private void damage(String name) throws IOException {
    try (OutputStream out = files.create(remote + "/damage")) {
      out.write(1);
    }
    files.delete(remote + "/" + name);
    files.rename(remote + "/damage", remote + "/" + name);
  }

  @Test
  void aDamagedCheckpointInTheStoreGivesWayToTheOneBefore() throws IOException {
    Path first = machine("first");
    mirror(first).store(checkpoint(first, 1));
    mirror(first).store(checkpoint(first, 2));
    damage(name(2));

    Path second = machine("second");
    mirror(second).fetch();
    assertThat(names(second)).containsExactly(name(1));
    assertThat(files.list(remote)).containsExactly(name(1), name(2) + ".damaged");
    mirror(second).store(checkpoint(second, 2));
    assertThat(weight(files.local(remote + "/" + name(2)))).isEqualTo(2);
  }

  @Test
  void aDamagedCheckpointOfThisMachineIsFetchedAgain() throws IOException {
    Path first = machine("first");
    mirror(first).store(checkpoint(first, 2));
    Path second = machine("second");
    Files.writeString(second.resolve(name(2)), "not a checkpoint");
    mirror(second).fetch();
    assertThat(weight(second.resolve(name(2)))).isEqualTo(2);
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
