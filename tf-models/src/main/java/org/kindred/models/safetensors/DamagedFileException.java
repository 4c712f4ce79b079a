package org.kindred.models.safetensors;

import java.io.IOException;
import java.nio.file.Path;

/** A file is not what its writer made: cut short, altered, or of another format. */
public final class DamagedFileException extends IOException {

  private static final long serialVersionUID = 1;

  /** Says what is wrong with a file. */
  public DamagedFileException(Path file, String problem) {
    super(file + " is damaged: " + problem);
  }

  /** Says what is wrong with a file, and how it showed. */
  public DamagedFileException(Path file, String problem, Throwable cause) {
    super(file + " is damaged: " + problem, cause);
  }
}
