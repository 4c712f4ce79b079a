package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import org.junit.jupiter.api.Test;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.IngestConfig;

final class CanonicalJsonTest {

  @Test
  void writesSetFieldsInOrderOfNumber() {
    GraphConfig config =
        GraphConfig.newBuilder().setTileRows(16).setMetric(Metric.METRIC_COSINE).setK(3).build();
    assertThat(CanonicalJson.of(config))
        .isEqualTo("{\"k\":3,\"metric\":\"METRIC_COSINE\",\"tile_rows\":16}");
  }

  @Test
  void theOrderOfMapEntriesDoesNotMatter() throws TextFormat.ParseException {
    String a = "weights { key: 1 value: 2 } ";
    String b = "weights { key: 10 value: 3 } ";
    assertThat(CanonicalJson.of(odd(a + b))).isEqualTo(CanonicalJson.of(odd(b + a)));
  }

  private static Message odd(String text) throws TextFormat.ParseException {
    Message.Builder builder = ForeignMessages.ODD.newBuilderForType();
    TextFormat.merge(text + "must: 'x'", builder);
    return builder.build();
  }

  @Test
  void structsHoldTheSameJson() {
    IngestConfig config = IngestConfig.newBuilder().setSource("a").setMaxPixels(7).build();
    assertThat(CanonicalJson.toStruct(config).getFieldsOrThrow("max_pixels").getStringValue())
        .isEqualTo("7");
    assertThat(CanonicalJson.of(CanonicalJson.toStruct(config)))
        .as("a Struct is a map: sorted by key")
        .isEqualTo("{\"max_pixels\":\"7\",\"source\":\"a\"}");
  }
}
