package org.kindred.store.s3;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.file.FileAlreadyExistsException;
import java.util.List;
import java.util.stream.Stream;
import org.apache.beam.sdk.io.aws2.options.S3ClientBuilderFactory;
import org.apache.beam.sdk.io.aws2.options.S3Options;
import org.apache.beam.sdk.util.InstanceBuilder;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/** The requests that Beam's file system for S3 does not make, with the settings of its options. */
final class S3Objects {
  /** How often a request is made that another writer's gets in the way of. */
  private static final int ATTEMPTS = 5;

  private final S3Options options;

  /** Null until it is used. */
  private S3Client client;

  S3Objects(S3Options options) {
    this.options = options;
  }

  private synchronized S3Client client() {
    if (client == null) {
      client =
          InstanceBuilder.ofType(S3ClientBuilderFactory.class)
              .fromClass(options.getS3ClientFactoryClass())
              .build()
              .createBuilder(options)
              .build();
    }
    return client;
  }

  /** The two parts of {@code s3://BUCKET/KEY}. */
  private record Name(String bucket, String key) {
    static Name of(String uri) {
      String[] parts = uri.split("/", 4);
      return new Name(parts[2], parts.length == 4 ? parts[3] : "");
    }
  }

  /**
   * Creates an object unless there is one of its name.
   *
   * @throws FileAlreadyExistsException if there is
   */
  void create(String uri, byte[] bytes) throws IOException {
    PutObjectRequest request = createRequest(Name.of(uri));
    for (int attempt = 1; ; attempt++) {
      try {
        client().putObject(request, RequestBody.fromBytes(bytes));
        return;
      } catch (S3Exception e) {
        if (e.statusCode() == HttpURLConnection.HTTP_PRECON_FAILED) {
          FileAlreadyExistsException exists = new FileAlreadyExistsException(uri);
          exists.initCause(e);
          throw exists;
        }
        // Somebody writes or deletes it at this moment.
        if (e.statusCode() != HttpURLConnection.HTTP_CONFLICT || attempt == ATTEMPTS) {
          throw cannot("create", uri, e);
        }
      } catch (SdkException e) {
        throw cannot("create", uri, e);
      }
    }
  }

  private PutObjectRequest createRequest(Name name) {
    return PutObjectRequest.builder()
        .bucket(name.bucket)
        .key(name.key)
        .contentType("application/octet-stream")
        .storageClass(options.getS3StorageClass())
        .serverSideEncryption(options.getSSEAlgorithm())
        .ssekmsKeyId(options.getSSEKMSKeyId())
        .bucketKeyEnabled(options.getBucketKeyEnabled() ? true : null)
        .sseCustomerKey(options.getSSECustomerKey().getKey())
        .sseCustomerAlgorithm(options.getSSECustomerKey().getAlgorithm())
        .sseCustomerKeyMD5(options.getSSECustomerKey().getMD5())
        // This version of the client has no method for it.
        .overrideConfiguration(override -> override.putHeader("If-None-Match", "*"))
        .build();
  }

  /** Returns the next parts of the names that begin with a directory's, sorted. */
  List<String> list(String directory) throws IOException {
    Name name = Name.of(directory);
    String prefix = name.key.isEmpty() ? "" : name.key + "/";
    ListObjectsV2Request request =
        ListObjectsV2Request.builder().bucket(name.bucket).prefix(prefix).delimiter("/").build();
    try {
      return client().listObjectsV2Paginator(request).stream()
          .flatMap(S3Objects::keys)
          .map(key -> key.substring(prefix.length()).replaceFirst("/$", ""))
          .filter(entry -> !entry.isEmpty())
          .sorted()
          .toList();
    } catch (SdkException e) {
      throw cannot("list", directory, e);
    }
  }

  private static Stream<String> keys(ListObjectsV2Response page) {
    return Stream.concat(
        page.contents().stream().map(S3Object::key),
        page.commonPrefixes().stream().map(CommonPrefix::prefix));
  }

  static IOException cannot(String verb, String uri, SdkException e) {
    return new IOException("cannot %s %s: %s".formatted(verb, uri, e.getMessage()), e);
  }
}
