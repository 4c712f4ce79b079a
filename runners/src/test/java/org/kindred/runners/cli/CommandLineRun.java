package org.kindred.runners.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.platform.commons.support.ReflectionSupport;

/**
 * What a command printed and the code that it ended with.
 *
 * @param code exit code
 * @param out standard output
 * @param err standard error
 */
record CommandLineRun(int code, String out, String err) {

  /** Returns whether the Maven profile {@code spark} built this. */
  static boolean hasSpark() {
    return ReflectionSupport.tryToLoadClass("org.apache.beam.runners.spark.SparkRunner")
        .toOptional()
        .isPresent();
  }

  /** Runs a command in this process. */
  static CommandLineRun of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new CommandLineRun(code, out.toString(), err.toString());
  }

  /** Checks that it went well. */
  CommandLineRun succeeded() {
    assertThat(code).as(err).isZero();
    return this;
  }

  /** Checks that it failed, and said why in one line without a stack trace. */
  void failed(int expectedCode, String... inMessage) {
    List<String> complaints = err.lines().filter(line -> line.startsWith("kindred: ")).toList();
    assertThat(complaints).as(err).hasSize(1);
    assertThat(complaints.get(0)).contains(inMessage);
    assertThat(err).doesNotContain("\tat ").doesNotContain("Exception");
    assertThat(out).isEmpty();
    assertThat(code).as(err).isEqualTo(expectedCode);
  }

  /** Reads standard output, which must be one JSON document and nothing else. */
  JsonNode json() throws IOException {
    ObjectMapper mapper =
        new ObjectMapper()
            .enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    return mapper.readTree(out);
  }
}
