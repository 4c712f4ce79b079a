package org.kindred.proto;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The schemas as descriptor sets. */
final class Schemas {
  private Schemas() {}

  /** Returns what the .proto files of this build say, comments included. */
  static FileDescriptorSet current() throws IOException {
    try (InputStream in = Schemas.class.getResourceAsStream("/kindred.desc")) {
      return FileDescriptorSet.parseFrom(in);
    }
  }

  /** Returns what the .proto files of a release said. */
  static FileDescriptorSet released(int version) throws IOException {
    Path file =
        Path.of(
            System.getProperty("kindred.testdata"),
            "schema",
            "kindred-v%d.desc".formatted(version));
    try (InputStream in = Files.newInputStream(file)) {
      return FileDescriptorSet.parseFrom(in);
    }
  }

  /** Returns the files that are Kindred's own. */
  static List<FileDescriptorProto> own(FileDescriptorSet set) {
    return set.getFileList().stream()
        .filter(file -> file.getPackage().startsWith("kindred."))
        .toList();
  }
}
