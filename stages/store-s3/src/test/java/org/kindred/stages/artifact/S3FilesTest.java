package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.UUID;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * On the S3 server that the environment names: {@code KINDRED_TEST_S3=s3://BUCKET/PREFIX}, {@code
 * KINDRED_BEAM_OPTIONS} and credentials as for a run. Of writers that race one wins where the
 * server looks and writes in one step for {@code If-None-Match}; S3Mock 4.11, for one, does not.
 */
@EnabledIfEnvironmentVariable(named = "KINDRED_TEST_S3", matches = "s3://.+")
class S3FilesTest extends StoreFilesContract {
  S3FilesTest() {
    super(StoreFiles.of("s3://"));
  }

  @BeforeAll
  static void findFileSystems() {
    String options = System.getenv().getOrDefault("KINDRED_BEAM_OPTIONS", "").trim();
    FileSystems.setDefaultPipelineOptions(
        PipelineOptionsFactory.fromArgs(options.isEmpty() ? new String[0] : options.split(" +", -1))
            .create());
  }

  @Override
  String newRoot() {
    return newDirectory() + "/store";
  }

  static String newDirectory() {
    return System.getenv("KINDRED_TEST_S3") + "/" + UUID.randomUUID();
  }

  @Test
  @Override
  void ofWritersThatRaceOneCreates() throws Exception {
    super.ofWritersThatRaceOneCreates();
  }

  @Test
  @Override
  void ofWritersThatRaceOnePublishes() throws Exception {
    super.ofWritersThatRaceOnePublishes();
  }

  @Test
  void largeFilesAreWrittenInParts() throws IOException {
    String text = "0123456789abcdef".repeat(600_000);
    String path = write("large", text);
    assertThat(files.size(path)).isEqualTo(text.length());
    assertThat(read("large")).isEqualTo(text);
  }

  /** An object is no obstacle: keys are not directories. */
  @Override
  void aStoreInAFilesPlaceIsAClearError() {}
}
