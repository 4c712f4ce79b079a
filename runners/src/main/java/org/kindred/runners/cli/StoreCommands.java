package org.kindred.runners.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Manifests;
import org.kindred.stages.artifact.StoredArtifact;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Commands that look into a store. */
final class StoreCommands {
  private StoreCommands() {}

  /** Lists artifacts. */
  @Command(
      name = "artifacts",
      mixinStandardHelpOptions = true,
      description = "List the store's artifacts: digest, type, stage, when, bytes.")
  static final class ArtifactsCommand implements Callable<Integer> {
    @ParentCommand private Main main;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      PrintWriter out = spec.commandLine().getOut();
      for (StoredArtifact artifact : main.openStore().list()) {
        long bytes = artifact.content().getFilesList().stream().mapToLong(DataFile::getBytes).sum();
        out.printf(
            Locale.ROOT,
            "%s  %-13s  %-9s  %s  %,d%n",
            artifact.digest().substring(0, 12),
            Manifests.typeName(artifact.type()),
            artifact.manifest().getProducer().getStage(),
            Instant.ofEpochSecond(artifact.manifest().getCreated().getSeconds()),
            bytes);
      }
      return Main.OK;
    }
  }

  /** Prints a manifest. */
  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Print an artifact's manifest as JSON.")
  static final class ShowCommand implements Callable<Integer> {
    @ParentCommand private Main main;

    @Parameters(
        index = "0",
        paramLabel = "REF",
        description = "A digest, a unique prefix of one, or the path of an artifact's directory.")
    private String reference;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      StoredArtifact artifact = main.openStore().resolve(reference);
      PrintWriter out = spec.commandLine().getOut();
      out.print(new String(Manifests.toJson(artifact.manifest()), StandardCharsets.UTF_8));
      out.flush();
      return Main.OK;
    }
  }

  /** Checks an artifact against its manifest. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = "Check every file of an artifact: size, SHA-256, schema and rows.")
  static final class VerifyCommand implements Callable<Integer> {
    @ParentCommand private Main main;

    @Parameters(
        index = "0",
        paramLabel = "REF",
        description = "A digest, a unique prefix of one, or the path of an artifact's directory.")
    private String reference;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      ArtifactStore opened = main.openStore();
      StoredArtifact artifact = opened.resolve(reference);
      List<String> problems = opened.verify(artifact);
      problems.forEach(problem -> spec.commandLine().getErr().println("kindred: " + problem));
      if (problems.isEmpty()) {
        spec.commandLine()
            .getOut()
            .printf(
                "%s is whole: %d files%n", artifact.digest(), artifact.content().getFilesCount());
      }
      return problems.isEmpty() ? Main.OK : Main.FAILED;
    }
  }
}
