package org.kindred.runners.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.kindred.pipelines.experiment.Presets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists the experiments that come with Kindred, or prints one. */
@Command(
    name = "presets",
    mixinStandardHelpOptions = true,
    description = "List the experiments that come with Kindred, or print one.")
final class PresetsCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NAME",
      description = "Print this preset's YAML.")
  private String name;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (name == null) {
      Presets.names().forEach(out::println);
      return Main.OK;
    }
    out.print(Presets.text(name));
    out.flush();
    return Main.OK;
  }
}
