package org.kindred.runners.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.kindred.pipelines.report.HtmlReport;
import org.kindred.pipelines.run.RunStore;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.stages.artifact.ArtifactStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Writes a run's report. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = "Write a run's report as one HTML file.")
final class ReportCommand implements Callable<Integer> {
  @ParentCommand private Main main;

  @Parameters(
      index = "0",
      paramLabel = "RUN",
      description = "A run's id, a unique prefix of it, or `latest`.")
  private String run;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE.html",
      description = "File to write; one that is there is replaced.")
  private Path output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    ArtifactStore opened = main.openStore();
    Run record = new RunStore(opened).resolve(run);
    try (OutputStream out = Files.newOutputStream(output)) {
      HtmlReport.write(record, opened, out);
    }
    spec.commandLine().getOut().println(output);
    return Main.OK;
  }
}
