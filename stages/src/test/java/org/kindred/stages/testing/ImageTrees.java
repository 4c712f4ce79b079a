package org.kindred.stages.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.proto.pipeline.v1.SourceFormat;

/** Folders and zip files of real photographs. */
public final class ImageTrees {
  private static final Path PHOTOGRAPHS =
      Path.of(System.getProperty("kindred.testdata"), "clothing-64.zip");

  private ImageTrees() {}

  /**
   * Unpacks the first photographs of some classes, of each split.
   *
   * @return the folder
   */
  public static Path unpack(Path folder, int perClass, List<String> classes) throws IOException {
    Map<String, Integer> taken = new HashMap<>();
    try (ZipFile zip = new ZipFile(PHOTOGRAPHS.toFile())) {
      for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(ZipEntry.class::cast)::iterator) {
        String[] names = entry.getName().split("/", -1);
        if (!entry.isDirectory()
            && classes.contains(names[1])
            && taken.merge(names[0] + "/" + names[1], 1, Integer::sum) <= perClass) {
          Path file = folder.resolve(entry.getName());
          Files.createDirectories(file.getParent());
          try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, file);
          }
        }
      }
    }
    return folder;
  }

  /** Packs a folder, entries in no particular order. */
  public static Path zip(Path folder, Path zip) throws IOException {
    try (OutputStream file = Files.newOutputStream(zip);
        ZipOutputStream out = new ZipOutputStream(file);
        Stream<Path> tree = Files.walk(folder)) {
      for (Path path : tree.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new ZipEntry(folder.relativize(path).toString()));
        Files.copy(path, out);
        out.closeEntry();
      }
    }
    return zip;
  }

  /** Returns a configuration that reads a folder or zip file of images. */
  public static IngestConfig.Builder config(Path source) {
    return IngestConfig.newBuilder()
        .setSource(source.toString())
        .setFormat(SourceFormat.SOURCE_FORMAT_IMAGE_TREE);
  }
}
