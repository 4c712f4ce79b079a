package org.kindred.stages.ingest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.StoreFiles;

/**
 * A CSV file that gives every image a split and a class. Fields are not quoted; further columns are
 * left alone.
 */
final class ImageList {
  private static final String HEADER = "path,split,class_name";

  private ImageList() {}

  /**
   * Where an image belongs.
   *
   * @param split name of the split, not empty
   * @param className name of the class, empty for none
   */
  record Entry(String split, String className) {}

  /**
   * Reads the list.
   *
   * @param root absolute path of the source
   * @param images the images that are there
   * @throws StageException if the list and the images are out of step
   */
  static Map<String, Entry> read(
      IngestConfig config, StoreFiles files, String root, List<String> images) throws IOException {
    String where = config.getSource() + "/" + config.getList();
    Set<String> present = new HashSet<>(images);
    Map<String, Entry> entries = new TreeMap<>();
    List<String> lines = lines(config, files, root);
    if (lines.isEmpty() || !(lines.get(0) + ",").startsWith(HEADER + ",")) {
      throw new StageException("%s must start with the header %s".formatted(where, HEADER));
    }
    for (int i = 1; i < lines.size(); i++) {
      if (lines.get(i).isBlank()) {
        continue;
      }
      String[] fields = lines.get(i).split(",", -1);
      String at = where + ":" + (i + 1);
      if (fields.length < 3 || fields[0].isEmpty() || fields[1].isEmpty()) {
        throw new StageException("%s: \"%s\" is not %s".formatted(at, lines.get(i), HEADER));
      }
      if (!present.contains(fields[0])) {
        throw new StageException(
            "%s: \"%s\" is not among the images of %s"
                .formatted(at, fields[0], config.getSource()));
      }
      if (entries.put(fields[0], new Entry(fields[1], fields[2])) != null) {
        throw new StageException("%s: \"%s\" is listed twice".formatted(at, fields[0]));
      }
    }
    for (String image : images) {
      if (!entries.containsKey(image)) {
        throw new StageException("%s does not list \"%s\"".formatted(where, image));
      }
    }
    return entries;
  }

  private static List<String> lines(IngestConfig config, StoreFiles files, String root)
      throws IOException {
    if (!root.toLowerCase(Locale.ROOT).endsWith(".zip")) {
      try (InputStream in = files.open(root + "/" + config.getList())) {
        return lines(in);
      } catch (NoSuchFileException e) {
        throw missing(config);
      }
    }
    try (ZipFile zip = ImageTree.openZip(files.local(root))) {
      ZipEntry entry = zip.getEntry(config.getList());
      if (entry == null) {
        throw missing(config);
      }
      try (InputStream in = zip.getInputStream(entry)) {
        return lines(in);
      }
    }
  }

  private static StageException missing(IngestConfig config) {
    return new StageException(
        "ingest.list \"%s\" is not in %s".formatted(config.getList(), config.getSource()));
  }

  private static List<String> lines(InputStream in) throws IOException {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return reader.lines().toList();
    }
  }
}
