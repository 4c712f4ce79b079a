package org.kindred.runners.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.kindred.stages.Stage;
import org.kindred.stages.StageInput;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.Manifests;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the stages on the class path. */
@Command(name = "stages", mixinStandardHelpOptions = true, description = "List the stages.")
final class StagesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    for (Stage<?> stage : Stages.load().all()) {
      out.printf("%-10s v%d  %s%n", stage.name(), stage.version(), stage.description());
      out.printf(
          "%-10s      %s -> %s; configuration %s%n",
          "", inputs(stage.inputs()), Manifests.typeName(stage.output()), configType(stage));
    }
    return Main.OK;
  }

  private static String configType(Stage<?> stage) {
    return stage.defaultConfig().getDescriptorForType().getFullName();
  }

  private static String inputs(List<StageInput> inputs) {
    return inputs.isEmpty()
        ? "()"
        : inputs.stream()
            .map(
                input ->
                    "%s: %s%s"
                        .formatted(
                            input.name(),
                            Manifests.typeName(input.type()),
                            input.required() ? "" : "?"))
            .collect(Collectors.joining(", ", "(", ")"));
  }
}
