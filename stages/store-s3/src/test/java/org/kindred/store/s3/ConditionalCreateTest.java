package org.kindred.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kindred.stages.artifact.StoreFiles;

/** What is asked of a server, and what is made of its answers. The server's are given here. */
final class ConditionalCreateTest {
  private static final String PATH = "s3://bucket/store/claim";

  private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
  private final Deque<Integer> answers = new ArrayDeque<>();
  private final StoreFiles files = StoreFiles.of(PATH);
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    FileSystems.setDefaultPipelineOptions(
        PipelineOptionsFactory.fromArgs(
                "--awsRegion=us-east-1",
                "--endpoint=http://localhost:" + server.getAddress().getPort(),
                "--s3ClientFactoryClass=" + PathStyle.class.getName(),
                "--awsCredentialsProvider={\"@type\": \"StaticCredentialsProvider\","
                    + " \"accessKeyId\": \"id\", \"secretAccessKey\": \"secret\"}")
            .create());
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      boolean put = exchange.getRequestMethod().equals("PUT");
      requests.add(
          "%s %s %s"
              .formatted(
                  exchange.getRequestMethod(),
                  exchange.getRequestURI().getPath(),
                  exchange.getRequestHeaders().getFirst("If-None-Match")));
      exchange.sendResponseHeaders(put ? answers.remove() : 404, -1);
    }
  }

  private void create() throws IOException {
    try (OutputStream out = files.create(PATH)) {
      out.write("mine".getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void asksForAnObjectThatIsNotThere() throws IOException {
    answers.add(200);
    create();
    assertThat(requests)
        .containsExactly("HEAD /bucket/store/claim null", "PUT /bucket/store/claim *");
  }

  @Test
  void aBucketIsNoFile() throws IOException {
    assertThat(files.size("s3://bucket")).isEqualTo(-1);
    assertThat(requests).isEmpty();
  }

  @Test
  void whoIsSecondIsTold() {
    answers.add(412);
    assertThatExceptionOfType(FileAlreadyExistsException.class)
        .isThrownBy(this::create)
        .withMessage(PATH);
  }

  @Test
  void asksAgainWhileAnotherWrites() throws IOException {
    answers.addAll(List.of(409, 409, 200));
    create();
    assertThat(answers).isEmpty();
  }

  @Test
  void whatIsForbiddenIsAnError() {
    answers.add(403);
    assertThatIOException()
        .isThrownBy(this::create)
        .withMessageStartingWith("cannot create " + PATH);
  }
}
