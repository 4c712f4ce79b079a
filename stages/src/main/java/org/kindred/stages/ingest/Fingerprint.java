package org.kindred.stages.ingest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.kindred.stages.artifact.Digests;
import org.kindred.stages.artifact.StoreFiles;

/**
 * Tells a changed source from an unchanged one without reading it: SHA-256 over names, sizes and,
 * where the file system tells them, times of change. A source that was only touched is ingested
 * again and gives an artifact of the same digest, so that nothing after it runs again.
 */
final class Fingerprint {
  private final StoreFiles files;
  private final MessageDigest digest = Digests.sha256();

  Fingerprint(StoreFiles files) {
    this.files = files;
  }

  void add(String name, String path) throws IOException {
    String line = name + " " + files.size(path) + " " + files.lastModified(path) + "\n";
    digest.update(line.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public String toString() {
    return "sha256:" + Digests.hex(digest);
  }
}
