package org.kindred.runners.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** A few of the shipped photographs, as folders. */
final class Photographs {
  private Photographs() {}

  /**
   * Writes photographs of three classes to {@code folder/split/class/file.jpg}.
   *
   * @param train images of each class in split train
   * @param test images of each class in split test
   */
  static void unpack(Path folder, int train, int test) throws IOException {
    Path archive = Path.of(System.getProperty("kindred.testdata"), "clothing-64.zip");
    Map<String, Integer> wanted = Map.of("train", train, "test", test);
    Map<String, Integer> taken = new HashMap<>();
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      List<? extends ZipEntry> entries =
          zip.stream().sorted(Comparator.comparing(ZipEntry::getName)).toList();
      for (ZipEntry entry : entries) {
        String[] names = entry.getName().split("/", -1);
        if (names.length != 3
            || !wanted.containsKey(names[0])
            || !List.of("pants", "shoes", "t-shirt").contains(names[1])) {
          continue;
        }
        if (taken.merge(names[0] + "/" + names[1], 1, Integer::sum) <= wanted.get(names[0])) {
          Path target = folder.resolve(entry.getName());
          Files.createDirectories(target.getParent());
          try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, target);
          }
        }
      }
    }
  }

  /** Returns the files below a folder, sorted. */
  static List<Path> files(Path folder) {
    try (var paths = Files.walk(folder)) {
      return paths.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
