package org.kindred.models.safetensors;

import java.io.IOException;
import java.nio.file.Path;

/** A file is not what its writer made: cut short, altered, or of another format. */
public final class DamagedFileException extends IOException {

  private static final long serialVersionUID = 1;

  DamagedFileException(Path file, String problem) {
    super(file + " is not a whole safetensors file: " + problem);
  }

  DamagedFileException(Path file, String problem, Throwable cause) {
    super(file + " is not a whole safetensors file: " + problem, cause);
  }
}
