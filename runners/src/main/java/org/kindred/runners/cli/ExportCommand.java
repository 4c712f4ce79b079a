package org.kindred.runners.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.kindred.stages.pretrain.BackboneExport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Writes a model's backbone for other frameworks. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description =
        "Write the backbone of a model, a residual network, with torchvision's names and layout.")
final class ExportCommand implements Callable<Integer> {
  @ParentCommand private Main main;

  @Parameters(
      index = "0",
      paramLabel = "REF",
      description = "A digest, a unique prefix of one, or the path of an artifact's directory.")
  private String reference;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE.safetensors",
      description = "File to write; it must not exist.")
  private Path output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    BackboneExport.write(main.openStore().resolve(reference), output);
    spec.commandLine().getOut().println(output);
    return Main.OK;
  }
}
