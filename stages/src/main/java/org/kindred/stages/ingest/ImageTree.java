package org.kindred.stages.ingest;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.kindred.proto.artifact.v1.ImageEncoding;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.Runs;
import org.kindred.stages.Runs.Run;
import org.kindred.stages.SourceSize;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.StoreFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder or zip file of {@code split/class/file}, or of any paths that a list gives split and
 * class.
 */
final class ImageTree {
  private static final Logger LOG = LoggerFactory.getLogger(ImageTree.class);

  /** Bytes of one of ImageNet's images, 500 x 375 pixels as most are. */
  static final double TYPICAL_RAW_BYTES = 3 * 500 * 375;

  /** Mean bytes of one of ImageNet's files. */
  static final double TYPICAL_FILE_BYTES = 110_000;

  /** ImageNet's classes. */
  private static final int TYPICAL_CLASSES = 1000;

  private ImageTree() {}

  static Source list(IngestConfig config) throws IOException {
    Place place = Place.of(config.getSource());
    StoreFiles files = place.files;
    String root = place.root;
    boolean zip = place.zip;
    if (zip && files.size(root) < 0) {
      throw new StageException("ingest.source \"%s\" does not exist".formatted(config.getSource()));
    }
    Fingerprint fingerprint = new Fingerprint(files);
    List<String> paths = new ArrayList<>();
    if (zip) {
      fingerprint.add("zip", root);
      listZip(files, root, paths);
    } else {
      listFolder(files, root, "", paths);
    }
    List<String> images = paths.stream().filter(ImageTree::isImage).sorted().toList();
    if (images.isEmpty()) {
      throw new StageException(
          "ingest.source \"%s\" does not exist, or has no .jpg, .jpeg or .png file"
              .formatted(config.getSource()));
    }
    if (images.size() < paths.size()) {
      LOG.info(
          "{}: {} files that are not images are left alone", root, paths.size() - images.size());
    }
    if (!zip) {
      for (String image : images) {
        fingerprint.add(image, root + "/" + image);
      }
    }
    Map<String, ImageList.Entry> entries = entries(config, place, images);
    if (!zip && !config.getList().isEmpty()) {
      fingerprint.add(config.getList(), root + "/" + config.getList());
    }
    List<String> classes = classes(entries);
    if (classes.size() == 1) {
      LOG.warn(
          "{} has one class only, \"{}\": evaluation will have nothing to tell apart",
          root,
          classes.get(0));
    }
    return new Source(
        classes, cut(config, place, images, entries, classes), fingerprint.toString());
  }

  /** Returns what listing a tree of these images would tell. */
  static Outline outline(IngestConfig config, SourceSize size) {
    List<SourceShard.Origin> origins = new ArrayList<>();
    for (int i = 0; i < Math.min(size.total(), config.getShardRows()); i++) {
      origins.add(
          new SourceShard.Origin(i, "train", 0, "train/class-000/image-%08d.jpg".formatted(i)));
    }
    boolean file = config.getEncoding() == ImageEncoding.IMAGE_ENCODING_FILE;
    return Outline.of(
        size,
        TYPICAL_CLASSES,
        file ? TYPICAL_FILE_BYTES : TYPICAL_RAW_BYTES,
        Runs.count(size.total(), config.getShardRows()),
        new Shard(0, Place.of(config.getSource()), config.getMaxFileBytes(), List.copyOf(origins)));
  }

  /**
   * Where the images are.
   *
   * @param root absolute path of the folder or zip file
   */
  private record Place(StoreFiles files, String root, boolean zip) implements Serializable {
    static Place of(String source) {
      StoreFiles files = StoreFiles.of(source);
      String root = files.absolute(source);
      return new Place(files, root, root.toLowerCase(Locale.ROOT).endsWith(".zip"));
    }
  }

  private static List<SourceShard> cut(
      IngestConfig config,
      Place place,
      List<String> images,
      Map<String, ImageList.Entry> entries,
      List<String> classes) {
    Map<String, Integer> labels = new HashMap<>();
    classes.forEach(name -> labels.put(name, labels.size()));
    List<SourceShard> shards = new ArrayList<>();
    for (Run run : Runs.of(images.size(), config.getShardRows()).toList()) {
      List<SourceShard.Origin> origins = new ArrayList<>();
      for (int i = run.first(); i < run.first() + run.count(); i++) {
        ImageList.Entry entry = entries.get(images.get(i));
        String split = entry == null ? "" : entry.split();
        int label = entry == null ? -1 : labels.getOrDefault(entry.className(), -1);
        origins.add(new SourceShard.Origin(i, split, label, images.get(i)));
      }
      shards.add(new Shard(run.number(), place, config.getMaxFileBytes(), List.copyOf(origins)));
    }
    return shards;
  }

  private static Map<String, ImageList.Entry> entries(
      IngestConfig config, Place place, List<String> images) throws IOException {
    if (!config.getList().isEmpty()) {
      return ImageList.read(config, place.files, place.root, images);
    }
    Map<String, ImageList.Entry> entries = new TreeMap<>();
    for (String image : images) {
      String[] names = image.split("/", -1);
      if (names.length == 3) {
        entries.put(image, new ImageList.Entry(names[0], names[1]));
      }
    }
    return entries;
  }

  private static List<String> classes(Map<String, ImageList.Entry> entries) {
    TreeSet<String> classes = new TreeSet<>();
    entries.values().forEach(entry -> classes.add(entry.className()));
    classes.remove("");
    return List.copyOf(classes);
  }

  private static void listZip(StoreFiles files, String root, List<String> paths)
      throws IOException {
    try (ZipFile zip = openZip(files.local(root))) {
      zip.stream()
          .filter(entry -> !entry.isDirectory() && !isHidden(entry.getName()))
          .forEach(entry -> paths.add(entry.getName()));
    }
  }

  private static void listFolder(StoreFiles files, String folder, String below, List<String> paths)
      throws IOException {
    for (String name : files.list(folder)) {
      String path = below + name;
      if (isHidden(path)) {
        continue;
      }
      if (isImage(path) || files.list(folder + "/" + name).isEmpty()) {
        paths.add(path);
      } else {
        listFolder(files, folder + "/" + name, path + "/", paths);
      }
    }
  }

  private static boolean isHidden(String path) {
    return path.startsWith(".") || path.contains("/.") || path.startsWith("__MACOSX/");
  }

  private static boolean isImage(String path) {
    String lower = path.toLowerCase(Locale.ROOT);
    return lower.endsWith(".jpg") || lower.endsWith(".jpeg") || lower.endsWith(".png");
  }

  static ZipFile openZip(Path path) throws IOException {
    try {
      return new ZipFile(path.toFile());
    } catch (ZipException e) {
      throw new StageException(
          "ingest.source \"%s\" is not a zip file: %s".formatted(path, e.getMessage()), e);
    }
  }

  private record Shard(int number, Place place, int maxFileBytes, List<SourceShard.Origin> origins)
      implements SourceShard {

    @Override
    public void count(SplitCounts splits) {
      origins.stream()
          .filter(origin -> !origin.split().isEmpty())
          .forEach(origin -> splits.add(origin.split(), origin.label()));
    }

    @Override
    public SourceShard head(int records) {
      List<SourceShard.Origin> some = origins.subList(0, Math.min(origins.size(), records));
      return new Shard(number, place, maxFileBytes, List.copyOf(some));
    }

    @Override
    public void read(Sink sink) throws IOException {
      StoreFiles files = place.files;
      if (!place.zip) {
        for (Origin origin : origins) {
          deliver(origin, () -> files.open(place.root + "/" + origin.source()), sink);
        }
        return;
      }
      try (ZipFile archive = openZip(files.local(place.root))) {
        for (Origin origin : origins) {
          ZipEntry entry = archive.getEntry(origin.source());
          deliver(origin, () -> archive.getInputStream(entry), sink);
        }
      }
    }

    private interface Opener {
      InputStream open() throws IOException;
    }

    private void deliver(Origin origin, Opener opener, Sink sink) throws IOException {
      if (origin.split().isEmpty()) {
        sink.reject(origin, "does not lie at split/class/file");
        return;
      }
      byte[] bytes;
      try (InputStream in = opener.open()) {
        bytes = in.readNBytes(maxFileBytes + 1);
      } catch (ZipException | EOFException e) {
        // The entry is damaged. Any other exception tells of the file system, not of the image.
        sink.reject(origin, "unreadable: " + e.getMessage());
        return;
      }
      if (bytes.length > maxFileBytes) {
        sink.reject(
            origin, "has more than " + maxFileBytes + " bytes, the limit ingest.max_file_bytes");
        return;
      }
      sink.file(origin, bytes);
    }
  }
}
