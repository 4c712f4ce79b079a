package org.kindred.stages.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Files that fail, or whose process dies, at a chosen operation. Every call counts as one, and so
 * does every read, write and close of a stream.
 */
final class FaultyFiles implements StoreFiles {
  private static final long serialVersionUID = 1L;

  /** What happens at the chosen operation. */
  enum Fault {
    /** It fails, what follows works. */
    FAIL_ONCE,
    /** It and all that follow fail, as on a full disk. */
    FAIL_ON,
    /**
     * The process dies when the operation is half done, or before it where it is atomic. Reading
     * does not count: dying there is dying before the next change.
     */
    DIE
  }

  /** Nothing catches this, so what follows is what a killed process leaves. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;

    Killed() {
      super("killed");
    }

    /** For streams that run in parallel, which make a copy of what they throw. */
    Killed(Throwable cause) {
      super("killed", cause);
    }
  }

  private final StoreFiles files;
  private final Fault fault;
  private final int faultAt;
  private final AtomicInteger operations = new AtomicInteger();
  private final transient List<OutputStream> open = Collections.synchronizedList(new ArrayList<>());

  /**
   * Wraps files.
   *
   * @param faultAt number of the operation, from 1
   */
  FaultyFiles(StoreFiles files, Fault fault, int faultAt) {
    this.files = files;
    this.fault = fault;
    this.faultAt = faultAt;
  }

  /** Returns whether the chosen operation was reached. */
  boolean struck() {
    return operations.get() >= faultAt;
  }

  /** Returns how many streams were opened for writing and not closed. */
  int openStreams() {
    return open.size();
  }

  /** Closes what a killed process would no longer have open. */
  void bury() throws IOException {
    for (OutputStream out : open) {
      out.close();
    }
  }

  @FunctionalInterface
  private interface Operation<T> {
    T run() throws IOException;
  }

  private <T> T change(String path, Operation<T> whole, Operation<?> half) throws IOException {
    int operation = operations.incrementAndGet();
    if (fault == Fault.DIE && operation >= faultAt) {
      if (operation == faultAt) {
        half.run();
      }
      throw new Killed();
    }
    failAt(operation, path);
    return whole.run();
  }

  private <T> T changeAtOnce(String path, Operation<T> operation) throws IOException {
    return change(path, operation, () -> null);
  }

  private <T> T reading(String path, Operation<T> operation) throws IOException {
    if (fault != Fault.DIE) {
      failAt(operations.incrementAndGet(), path);
    } else if (struck()) {
      throw new Killed();
    }
    return operation.run();
  }

  private void failAt(int operation, String path) throws IOException {
    if (operation == faultAt || (operation > faultAt && fault == Fault.FAIL_ON)) {
      throw new FileSystemException(path, null, "No space left on device");
    }
  }

  @Override
  public String absolute(String path) {
    return files.absolute(path);
  }

  @Override
  public OutputStream create(String path) throws IOException {
    return change(
        path,
        () -> new FaultyOutput(path, files.create(path)),
        () -> {
          files.create(path).close();
          return null;
        });
  }

  @Override
  public InputStream open(String path) throws IOException {
    return reading(path, () -> new FaultyInput(path, files.open(path)));
  }

  @Override
  public Path local(String path) throws IOException {
    return reading(path, () -> files.local(path));
  }

  @Override
  public Path localDirectory(String path) throws IOException {
    return reading(path, () -> files.localDirectory(path));
  }

  @Override
  public void deleteLocalDirectory(String path) throws IOException {
    changeAtOnce(
        path,
        () -> {
          files.deleteLocalDirectory(path);
          return null;
        });
  }

  @Override
  public long lastModified(String path) throws IOException {
    return reading(path, () -> files.lastModified(path));
  }

  @Override
  public long size(String path) throws IOException {
    return reading(path, () -> files.size(path));
  }

  @Override
  public List<String> list(String directory) throws IOException {
    return reading(directory, () -> files.list(directory));
  }

  @Override
  public void rename(String from, String to) throws IOException {
    changeAtOnce(
        from,
        () -> {
          files.rename(from, to);
          return null;
        });
  }

  @Override
  public void replace(String path, byte[] bytes) throws IOException {
    changeAtOnce(
        path,
        () -> {
          files.replace(path, bytes);
          return null;
        });
  }

  @Override
  public boolean publish(String staged, String target, List<String> names) throws IOException {
    return changeAtOnce(target, () -> files.publish(staged, target, names));
  }

  @Override
  public void withdraw(String target, String manifest, String aside) throws IOException {
    changeAtOnce(
        target,
        () -> {
          files.withdraw(target, manifest, aside);
          return null;
        });
  }

  @Override
  public void delete(String path) throws IOException {
    change(
        path,
        () -> {
          files.delete(path);
          return null;
        },
        () -> {
          List<String> entries = files.list(path);
          for (String entry : entries.subList(entries.size() / 2, entries.size())) {
            files.delete(path + "/" + entry);
          }
          return null;
        });
  }

  private final class FaultyInput extends InputStream {
    private final String path;
    private final InputStream in;

    FaultyInput(String path, InputStream in) {
      this.path = path;
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      return reading(path, in::read);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return reading(path, () -> in.read(bytes, offset, length));
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  private final class FaultyOutput extends OutputStream {
    private final String path;
    private final OutputStream out;
    private boolean closed;

    FaultyOutput(String path, OutputStream out) {
      this.path = path;
      this.out = out;
      open.add(out);
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      change(
          path,
          () -> {
            out.write(bytes, offset, length);
            return null;
          },
          () -> {
            out.write(bytes, offset, length / 2);
            out.flush();
            return null;
          });
    }

    @Override
    public void close() throws IOException {
      if (closed) {
        return;
      }
      closed = true;
      try {
        changeAtOnce(
            path,
            () -> {
              out.close();
              return null;
            });
      } catch (IOException e) {
        out.close();
        throw e;
      } finally {
        if (fault != Fault.DIE) {
          open.remove(out);
        }
      }
    }
  }
}
