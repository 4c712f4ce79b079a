package org.kindred.store.s3;

import java.util.List;
import org.apache.beam.sdk.io.FileSystem;
import org.apache.beam.sdk.io.FileSystemRegistrar;
import org.apache.beam.sdk.io.aws2.options.S3Options;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsRegistrar;
import org.kindred.stages.artifact.StoreFiles;
import org.kindred.stages.artifact.StoreFilesProvider;

/**
 * Takes the client's settings from where Beam's S3 file system takes them, {@link S3Options}. With
 * a job's options they come to the job's workers.
 */
public final class S3Registrar
    implements FileSystemRegistrar, PipelineOptionsRegistrar, StoreFilesProvider {

  /** Of the newest options; null until there are some. */
  private static volatile S3Objects objects;

  /** Beam itself registers only those of its options for S3 that serve all of AWS. */
  @Override
  public Iterable<Class<? extends PipelineOptions>> getPipelineOptions() {
    return List.of(S3Options.class);
  }

  /** Registers no file system: Beam's own registrar does. */
  @Override
  public Iterable<FileSystem<?>> fromOptions(PipelineOptions options) {
    objects = new S3Objects(options.as(S3Options.class));
    return List.of();
  }

  @Override
  public String scheme() {
    return "s3";
  }

  @Override
  public StoreFiles files() {
    return new S3Files();
  }

  static S3Objects objects() {
    if (objects == null) {
      throw new IllegalStateException(
          "FileSystems.setDefaultPipelineOptions must be called before a store on S3 is used");
    }
    return objects;
  }
}
