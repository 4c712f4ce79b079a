package org.kindred.pipelines.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import org.junit.jupiter.api.Test;

class ConfigTextTest {

  @Test
  void configurationReadsLikeAnExperimentWithFieldsInOrder() throws InvalidProtocolBufferException {
    Struct.Builder config = Struct.newBuilder();
    JsonFormat.parser()
        .merge(
            """
            {"epochs": 20, "rate": 0.03, "nesterov": false,
             "objective": {"invaspread": {"temperature": 0.2}}, "layers": ["embedding", "pooled"]}
            """,
            config);
    assertThat(ConfigText.of(config.build()))
        .isEqualTo(
            """
            epochs: 20
            layers:
            - embedding
            - pooled
            nesterov: false
            objective:
              invaspread:
                temperature: 0.2
            rate: 0.03
            """);
  }
}
