package org.kindred.models.tensorflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kindred.proto.pipeline.v1.Precision;
import org.tensorflow.DeviceSpec.DeviceType;
import org.tensorflow.proto.ConfigProto;

final class DeviceTest {

  @Test
  void withoutAnNvidiaDriverItIsTheProcessor() {
    assumeThat(CudaLibraries.hasDriver()).isFalse();
    assertThat(Device.computes(DeviceType.CPU)).isTrue();
    assertThat(Device.computes(DeviceType.GPU)).isFalse();
    assertThat(Device.isGpu()).isFalse();
    assertThat(Device.name()).isEqualTo("CPU");
  }

  @Test
  void aGpusNameTellsHowItComputes() {
    assertThat(
            Device.describe(
                "NVIDIA H100", Map.of("NVIDIA_TF32_OVERRIDE", "0", "TF_DETERMINISTIC_OPS", "1")))
        .isEqualTo("GPU NVIDIA H100");
    assertThat(Device.describe("NVIDIA H100", Map.of("TF_DETERMINISTIC_OPS", "true")))
        .isEqualTo("GPU NVIDIA H100, TF32");
    assertThat(Device.describe("", Map.of())).isEqualTo("GPU, TF32, not deterministic");
  }

  @Test
  void sessionsShareAGpuAndFallBackToTheProcessor() {
    ConfigProto configuration = Sessions.configuration(Precision.PRECISION_FLOAT32, 0);
    assertThat(configuration.getGpuOptions().getAllowGrowth()).isTrue();
    assertThat(configuration.getAllowSoftPlacement()).isTrue();
    assertThat(configuration.getDeviceCountMap()).isEmpty();
  }
}
