package org.kindred.runners.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.beam.sdk.io.FileSystems;
import org.kindred.pipelines.experiment.ExperimentException;
import org.kindred.pipelines.plan.PlanException;
import org.kindred.pipelines.plan.Producers;
import org.kindred.runners.cli.RunCommands.CancelCommand;
import org.kindred.runners.cli.RunCommands.RunsCommand;
import org.kindred.runners.cli.RunCommands.StatusCommand;
import org.kindred.runners.cli.StoreCommands.ArtifactsCommand;
import org.kindred.runners.cli.StoreCommands.ShowCommand;
import org.kindred.runners.cli.StoreCommands.VerifyCommand;
import org.kindred.runners.job.FileSystemOptions;
import org.kindred.stages.artifact.ArtifactStore;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Entry point of {@code kindred}. */
@Command(
    name = "kindred",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = "Learns image representations without labels, as a workflow of batch stages.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      RunCommand.class,
      PlanCommand.class,
      RunsCommand.class,
      StatusCommand.class,
      CancelCommand.class,
      ReportCommand.class,
      ExportCommand.class,
      ArtifactsCommand.class,
      ShowCommand.class,
      VerifyCommand.class,
      StagesCommand.class,
      PresetsCommand.class,
      GenerateCompletion.class
    })
public final class Main implements Callable<Integer> {
  /** The command did what it was asked. */
  static final int OK = 0;

  /** Something failed. */
  static final int FAILED = 1;

  /** The command line or the experiment is wrong. */
  static final int USAGE = 2;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Log more, and print stack traces.")
  private boolean debug;

  @Option(
      names = "--store",
      scope = ScopeType.INHERIT,
      paramLabel = "URI",
      defaultValue = "${env:KINDRED_STORE:-.kindred}",
      description =
          "Where artifacts live: a path, or a URI that Beam's file systems open. Default: $KINDRED_STORE, or .kindred.")
  private String store;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  private Main() {}

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    // TensorFlow Java names operations with the default language's digits; not all of them serve.
    Locale.setDefault(Locale.ROOT);
    for (String arg : args) {
      if (arg.equals("--debug")) {
        System.setProperty("kindred.log.level", "debug");
        System.setProperty("kindred.log.root", "info");
        System.setProperty("kindred.log.stack", "full");
      }
    }
    System.exit(
        execute(
            new PrintWriter(System.out, true, UTF_8),
            new PrintWriter(System.err, true, UTF_8),
            args));
  }

  /** Runs a command and returns its exit code. */
  static int execute(PrintWriter out, PrintWriter err, String... args) {
    Main main = new Main();
    return new CommandLine(main)
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((failure, command, parsed) -> main.report(failure, err))
        .execute(args);
  }

  /** Without a subcommand: says what there is. */
  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return USAGE;
  }

  /** Opens the store that the command line names. */
  ArtifactStore openStore() throws IOException {
    try {
      FileSystems.setDefaultPipelineOptions(FileSystemOptions.create());
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage(), e);
    }
    ArtifactStore opened = ArtifactStore.open(store);
    try {
      if (opened.files().size(opened.root()) >= 0) {
        throw new IOException("--store %s is a file, not a directory".formatted(opened.root()));
      }
    } catch (IllegalArgumentException e) {
      // So Beam says that no file system has the scheme.
      String remedy =
          store.matches("(hdfs|s3):.*") && e.getMessage().startsWith("No filesystem")
              ? "; build with -P" + store.substring(0, store.indexOf(':'))
              : "";
      throw new UsageException("--store %s: %s%s".formatted(store, e.getMessage(), remedy), e);
    }
    return opened;
  }

  private int report(Exception failure, PrintWriter err) {
    if (debug) {
      failure.printStackTrace(err);
    }
    message(failure).lines().forEach(line -> err.println("kindred: " + line));
    boolean usage =
        failure instanceof ExperimentException
            || failure instanceof PlanException
            || failure instanceof UsageException;
    return usage ? USAGE : FAILED;
  }

  /** Returns what a failure says, in words also where Java says it by an exception's type. */
  private static String message(Exception failure) {
    if (failure instanceof FileSystemException file && file.getReason() == null) {
      String what =
          file instanceof NoSuchFileException
              ? "no such file"
              : file instanceof AccessDeniedException
                  ? "no permission"
                  : file instanceof FileAlreadyExistsException ? "exists already" : "cannot use";
      return what + ": " + file.getFile();
    }
    return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
  }

  /** Prints the version. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"kindred " + Producers.kindredVersion()};
    }
  }
}
