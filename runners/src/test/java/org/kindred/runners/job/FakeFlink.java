package org.kindred.runners.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * What answers for a JobManager: the part of Flink's REST interface that Kindred asks, about one
 * job.
 */
final class FakeFlink implements AutoCloseable {
  private static final String ID = "0123456789abcdef0123456789abcdef";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final String job;
  private final Deque<String> states = new ArrayDeque<>();
  private final List<String> cancelled = new ArrayList<>();
  private String trace = "";

  /**
   * Starts to answer.
   *
   * @param job the job's name
   * @param states Flink's names of the job's states, one for each question about it; the last one
   *     stays
   */
  FakeFlink(String job, String... states) throws IOException {
    this.job = job;
    this.states.addAll(List.of(states));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/overview", exchange -> answer(exchange, Map.of("slots-total", 1)));
    server.createContext("/jobs/overview", exchange -> answer(exchange, jobs()));
    server.createContext("/jobs/" + ID, this::answerOfJob);
    server.start();
  }

  /** Returns the address of the REST interface. */
  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** Has the job tell of a failure that Flink restarts it after. */
  synchronized void failOnce(String stackTrace) {
    trace = stackTrace;
  }

  /** Returns the ids of the jobs that were told to stop. */
  synchronized List<String> cancelled() {
    return List.copyOf(cancelled);
  }

  private synchronized Map<String, ?> jobs() {
    String state = states.size() > 1 ? states.remove() : states.element();
    return Map.of("jobs", List.of(Map.of("jid", ID, "name", job, "state", state, "start-time", 1)));
  }

  private synchronized void answerOfJob(HttpExchange exchange) throws IOException {
    if (exchange.getRequestMethod().equals("PATCH")) {
      cancelled.add(ID);
      states.clear();
      states.add("CANCELED");
    }
    boolean exceptions = exchange.getRequestURI().getPath().endsWith("/exceptions");
    List<?> entries = trace.isEmpty() ? List.of() : List.of(Map.of("stacktrace", trace));
    answer(
        exchange,
        exceptions
            ? Map.of("exceptionHistory", Map.of("entries", entries))
            : Map.of("vertices", List.of()));
  }

  private static void answer(HttpExchange exchange, Map<String, ?> document) {
    try (exchange) {
      byte[] body = JSON.writeValueAsBytes(document);
      // Else a connection would outlive the server.
      exchange.getResponseHeaders().add("Connection", "close");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The JobManager is gone: connections to its address are refused. */
  void goAway() {
    server.stop(0);
  }

  @Override
  public void close() {
    goAway();
  }
}
