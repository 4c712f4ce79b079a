package org.kindred.runners.job;

import java.util.Arrays;
import java.util.stream.Stream;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * What Beam's file systems are told, in this process and in the workers of every job: the options
 * in the environment variable {@value #VARIABLE}, written as for any pipeline of Beam's, such as
 * {@code --awsRegion=eu-central-1}, separated by blanks.
 *
 * <p>Beam registers its file systems anew with the options of each pipeline that it starts, so
 * every job's options begin with these.
 */
public final class FileSystemOptions {
  /** Name of the environment variable. */
  public static final String VARIABLE = "KINDRED_BEAM_OPTIONS";

  private FileSystemOptions() {}

  /**
   * Returns new options, those of the environment set.
   *
   * @param more further options, each {@code --name=value}
   * @throws IllegalArgumentException if Beam does not know one of them
   */
  public static PipelineOptions create(String... more) {
    return of(System.getenv().getOrDefault(VARIABLE, ""), more);
  }

  static PipelineOptions of(String words, String... more) {
    Stream<String> named =
        words.isBlank() ? Stream.of() : Arrays.stream(words.trim().split("\\s+", -1));
    String[] options = Stream.concat(named, Arrays.stream(more)).toArray(String[]::new);
    try {
      return PipelineOptionsFactory.fromArgs(options).create();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("%s: %s".formatted(VARIABLE, e.getMessage()), e);
    }
  }
}
