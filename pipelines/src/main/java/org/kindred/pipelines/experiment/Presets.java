package org.kindred.pipelines.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The experiments that come with Kindred, by name. */
public final class Presets {
  // A jar's folders cannot be listed portably, so the names stand here; a test compares them to the
  // folder.
  private static final List<String> NAMES =
      List.of("quickstart", "invaspread-cifar10", "instdisc-cifar10");

  private Presets() {}

  /** All names, the one to start with first. */
  public static List<String> names() {
    return NAMES;
  }

  /**
   * What relative paths in presets are relative to: Kindred's own folder, which the launcher tells
   * by the system property {@code kindred.home}, or else the working directory.
   */
  static Path folder() {
    return Path.of(System.getProperty("kindred.home", "")).toAbsolutePath();
  }

  /**
   * The YAML text of a preset, comments included.
   *
   * @throws IllegalArgumentException when there is none of this name; the message lists the names
   */
  public static String text(String name) {
    if (!NAMES.contains(name)) {
      throw new ExperimentException("unknown preset \"" + name + "\"" + Suggestion.of(name, NAMES));
    }
    String resource = "/org/kindred/pipelines/presets/" + name + ".yaml";
    try (InputStream in = Presets.class.getResourceAsStream(resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
