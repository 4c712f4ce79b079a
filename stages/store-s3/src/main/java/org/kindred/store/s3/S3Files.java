package org.kindred.store.s3;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.util.List;
import java.util.Optional;
import org.kindred.stages.artifact.BeamFiles;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/**
 * Objects of S3 as files. An object changes in one step, and every reader that begins later sees
 * it; there are no directories to rename.
 *
 * <ul>
 *   <li>{@link #create} of at most {@value #CONDITIONAL_BYTES} bytes, such as a manifest or the
 *       claim of a run's id, is one request on condition that there is no such object: of several
 *       writers exactly one succeeds, the others learn it from {@code close}. A server that does
 *       not know the condition overwrites. A larger file is written by Beam, without condition.
 *   <li>{@link #publish} copies the data files, each in one step (above 5 GB in parts that become
 *       an object in one step), then creates the manifest.
 *   <li>{@link #replace} is one step.
 * </ul>
 */
final class S3Files extends BeamFiles {
  private static final long serialVersionUID = 1L;

  /** The manifest of some 30,000 files; a request of this size is still quick to repeat. */
  static final int CONDITIONAL_BYTES = 1 << 23;

  @Override
  public OutputStream create(String path) throws IOException {
    // Asked here too for the sake of what is larger, and of servers that overwrite.
    if (size(path) >= 0) {
      throw new FileAlreadyExistsException(path);
    }
    return new Output(path);
  }

  /** Beam's lets the client's own exceptions through. */
  @Override
  public InputStream open(String path) throws IOException {
    try {
      return super.open(path);
    } catch (NoSuchKeyException e) {
      throw noSuchFile(path, new IOException(e));
    } catch (SdkException e) {
      throw S3Objects.cannot("open", path, e);
    }
  }

  /** Beam can't look at a bucket, which is no file. */
  @Override
  protected Optional<Version> version(String path) throws IOException {
    return path.matches("[^:]+://[^/]*/?") ? Optional.empty() : super.version(path);
  }

  /** By directory, where Beam's would list all that is below and ask for each of it. */
  @Override
  public List<String> list(String directory) throws IOException {
    return S3Registrar.objects().list(directory);
  }

  /** Holds the bytes back until there are too many or all of them. */
  private final class Output extends OutputStream {
    private final String path;
    private ByteArrayOutputStream held = new ByteArrayOutputStream();
    private boolean closed;

    /** Takes what is not held back; null while nothing needs it. */
    private OutputStream large;

    Output(String path) {
      this.path = path;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (large == null && held.size() + (long) length > CONDITIONAL_BYTES) {
        large = overwrite(path);
        held.writeTo(large);
        held = new ByteArrayOutputStream(0);
      }
      (large == null ? held : large).write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      if (closed) {
        return;
      }
      closed = true;
      if (large == null) {
        S3Registrar.objects().create(path, held.toByteArray());
      } else {
        large.close();
      }
    }
  }
}
