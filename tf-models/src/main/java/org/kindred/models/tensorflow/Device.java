package org.kindred.models.tensorflow;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.kindred.proto.pipeline.v1.Precision;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.DeviceSpec;
import org.tensorflow.DeviceSpec.DeviceType;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * What TensorFlow trains and embeds on in this process: the first GPU in a build that can use one,
 * where there is one; else the processor.
 *
 * <p>TensorFlow reads how a GPU computes from the process's environment. {@code
 * NVIDIA_TF32_OVERRIDE=0} keeps float32 products from being rounded to TF32, {@code
 * TF_DETERMINISTIC_OPS=1} makes operations give the same bits each time.
 */
public final class Device {
  private static final Logger LOG = LoggerFactory.getLogger(Device.class);

  private static final String CPU = "CPU";

  private Device() {}

  /** Looked for when it is first asked for: the sessions' threads are settled on then. */
  private static final class Found {
    static final String NAME = find();
  }

  /** Returns whether it is a GPU. To be asked once a session is open. */
  public static boolean isGpu() {
    return !name().equals(CPU);
  }

  /**
   * Returns {@code CPU}, or {@code GPU}, its model, and in which way it differs from plain float32
   * arithmetic and from run to run, such as {@code GPU NVIDIA H100 80GB HBM3, TF32}. To be asked
   * once a session is open.
   */
  public static String name() {
    return Found.NAME;
  }

  private static String find() {
    if (!CudaLibraries.onClassPath() || !CudaLibraries.hasDriver()) {
      return CPU;
    }
    if (!computes(DeviceType.GPU)) {
      LOG.warn(
          "TensorFlow cannot use this machine's GPU and computes on the processor; with"
              + " TF_CPP_MIN_LOG_LEVEL=0 it says why");
      return CPU;
    }
    String name = describe(models(), System.getenv());
    LOG.info("TensorFlow computes on {}", name);
    return name;
  }

  /** Returns whether an operation can be run on the first device of a type. */
  static boolean computes(DeviceType type) {
    DeviceSpec first = DeviceSpec.newBuilder().deviceType(type).deviceIndex(0).build();
    try (Graph graph = Sessions.newGraph()) {
      Operand<TFloat32> one = Ops.create(graph).withDevice(first).constant(1f);
      try (Session session =
              new Session(
                  graph,
                  Sessions.configuration(Precision.PRECISION_FLOAT32, 0).toBuilder()
                      .setAllowSoftPlacement(false)
                      .build());
          Result result = session.runner().fetch(one).run()) {
        return result.size() == 1;
      }
    } catch (TensorFlowException | IllegalArgumentException e) {
      LOG.debug("no {}", type, e);
      return false;
    }
  }

  static String describe(String models, Map<String, String> environment) {
    StringBuilder name = new StringBuilder("GPU");
    if (!models.isEmpty()) {
      name.append(' ').append(models);
    }
    if (!environment.getOrDefault("NVIDIA_TF32_OVERRIDE", "").equals("0")) {
      name.append(", TF32");
    }
    if (!environment.getOrDefault("TF_DETERMINISTIC_OPS", "").matches("1|true")) {
      name.append(", not deterministic");
    }
    return name.toString();
  }

  /** Asks the driver's own tool, which may not be there. */
  private static String models() {
    try {
      Process process =
          new ProcessBuilder("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0
          ? String.join(" and ", output.lines().map(String::strip).distinct().toList())
          : "";
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
