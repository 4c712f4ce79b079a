package org.kindred.runners.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** What Kindred asks of a Flink cluster's REST interface. */
final class FlinkRest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A job.
   *
   * @param id the cluster's id
   * @param name its name
   * @param state Flink's name of its state, such as RUNNING
   * @param start when it started, milliseconds since 1970
   */
  record Job(String id, String name, String state, long start) {
    boolean isFinished() {
      return state.equals("FINISHED");
    }

    boolean isActive() {
      return !List.of("FINISHED", "FAILED", "CANCELED", "SUSPENDED").contains(state);
    }
  }

  private final HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
  private final String address;

  /** Talks to {@code http://ADDRESS}. */
  FlinkRest(String address) {
    this.address = address;
  }

  /** Returns where a browser finds the cluster. */
  String ui() {
    return "http://" + address;
  }

  /** Returns how many tasks the cluster can run at a time. */
  int slots() throws IOException {
    return get("/overview").get("slots-total").asInt();
  }

  /** Returns the jobs that the cluster remembers. */
  List<Job> jobs() throws IOException {
    List<Job> jobs = new ArrayList<>();
    for (JsonNode job : get("/jobs/overview").get("jobs")) {
      jobs.add(
          new Job(
              job.get("jid").asText(),
              job.get("name").asText(),
              job.get("state").asText(),
              job.get("start-time").asLong()));
    }
    return jobs;
  }

  /** Returns the job of a name, the newest of several. */
  Optional<Job> newest(String name) throws IOException {
    return jobs().stream()
        .filter(job -> job.name().equals(name))
        .max(Comparator.comparingLong(Job::start));
  }

  /** Asks a job to stop; returns at once. */
  void cancel(String job) throws IOException {
    send(request("/jobs/" + job + "?mode=cancel").method("PATCH", noBody()).build());
  }

  /**
   * Returns a job's counters and gauges whose names match, summed over its tasks.
   *
   * @param pattern found in a metric's full name, and gives its short name as the one group that
   *     matches
   */
  Map<String, Long> metrics(String job, Pattern pattern) throws IOException {
    Map<String, Long> all = new TreeMap<>();
    for (JsonNode vertex : get("/jobs/" + job).get("vertices")) {
      String path = "/jobs/" + job + "/vertices/" + vertex.get("id").asText() + "/subtasks/metrics";
      List<String> names = new ArrayList<>();
      for (JsonNode metric : get(path)) {
        if (pattern.matcher(metric.get("id").asText()).find()) {
          names.add(metric.get("id").asText());
        }
      }
      if (!names.isEmpty()) {
        String query = URLEncoder.encode(String.join(",", names), StandardCharsets.UTF_8);
        for (JsonNode metric : get(path + "?agg=sum&get=" + query)) {
          Matcher name = pattern.matcher(metric.get("id").asText());
          if (name.find()) {
            String known =
                IntStream.rangeClosed(1, name.groupCount())
                    .mapToObj(name::group)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElseThrow();
            all.merge(known, metric.get("sum").asLong(), Long::sum);
          }
        }
      }
    }
    return all;
  }

  /** Returns the stack traces of a job's failures so far, the latest first. */
  List<String> failures(String job) throws IOException {
    List<String> traces = new ArrayList<>();
    for (JsonNode entry : get("/jobs/" + job + "/exceptions").at("/exceptionHistory/entries")) {
      traces.add(entry.get("stacktrace").asText());
    }
    return traces;
  }

  private JsonNode get(String path) throws IOException {
    return send(request(path).GET().build());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://" + address + path)).timeout(TIMEOUT);
  }

  private static HttpRequest.BodyPublisher noBody() {
    return HttpRequest.BodyPublishers.noBody();
  }

  private JsonNode send(HttpRequest request) throws IOException {
    HttpResponse<String> response;
    try {
      response = client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while asking " + request.uri());
    } catch (IOException e) {
      throw new IOException(
          "no Flink cluster answers at %s (%s)".formatted(address, e.getClass().getSimpleName()),
          e);
    }
    if (response.statusCode() / 100 != 2) {
      throw new IOException(
          "%s answered %d: %s"
              .formatted(request.uri(), response.statusCode(), response.body().strip()));
    }
    return JSON.readTree(response.body());
  }
}
