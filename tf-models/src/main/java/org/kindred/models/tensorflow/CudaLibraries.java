package org.kindred.models.tensorflow;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * CUDA's libraries from the class path, where the Maven profile {@code gpu} puts them: with them a
 * machine needs no more than NVIDIA's driver.
 *
 * <p>TensorFlow opens them by names such as {@code libcudart.so.12}, some while its own library is
 * loaded, the others when it looks for GPUs. For a name that a library which is loaded already has
 * as its own, the system's loader takes that one and searches no directory.
 */
final class CudaLibraries {
  private static final Logger LOG = LoggerFactory.getLogger(CudaLibraries.class);

  private static final String FOLDER = "/org/bytedeco/cuda/linux-x86_64/";

  /** Each behind those that it needs. */
  static final List<String> IN_ORDER =
      List.of(
          "libcudart.so.12",
          "libnvJitLink.so.12",
          "libnvrtc-builtins.so.12.6",
          "libnvrtc.so.12",
          "libcublasLt.so.12",
          "libcublas.so.12",
          "libcufft.so.11",
          "libcurand.so.10",
          "libcusparse.so.12",
          "libcusolver.so.11",
          "libcudnn_graph.so.9",
          "libcudnn_ops.so.9",
          "libcudnn_cnn.so.9",
          "libcudnn_adv.so.9",
          "libcudnn_heuristic.so.9",
          "libcudnn_engines_precompiled.so.9",
          "libcudnn_engines_runtime_compiled.so.9",
          "libcudnn.so.9",
          "libcupti.so.12",
          "libnccl.so.2");

  /** What NVIDIA's driver shows of itself, one of these: on Linux, and on Linux inside Windows. */
  private static final List<Path> DRIVER =
      List.of(Path.of("/dev/nvidiactl"), Path.of("/dev/nvidia0"), Path.of("/dev/dxg"));

  private CudaLibraries() {}

  /**
   * Loads the libraries, unless the class path has none or the machine no GPU. Must be called
   * before TensorFlow is touched. The first time on a machine it unpacks 2.7 GB to JavaCPP's cache.
   */
  static void load() {
    if (!onClassPath()) {
      return;
    }
    if (!hasDriver()) {
      LOG.warn(
          "this build is for a GPU, but this machine has no NVIDIA driver: TensorFlow computes on"
              + " the processor");
      return;
    }
    try {
      loadAll();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unpack CUDA's libraries", e);
    }
  }

  /** Returns whether the profile {@code gpu} built this. */
  static boolean onClassPath() {
    return CudaLibraries.class.getResource(FOLDER + IN_ORDER.get(0)) != null;
  }

  /** Returns whether NVIDIA's driver is there. */
  static boolean hasDriver() {
    return DRIVER.stream().anyMatch(Files::exists);
  }

  static void loadAll() throws IOException {
    for (String name : IN_ORDER) {
      File file = Loader.cacheResource(CudaLibraries.class, FOLDER + name);
      // In the name of JavaCPP's class, which is there as long as the process: a job's own is not.
      Loader.loadLibrary(Loader.class, new URL[] {file.toURI().toURL()}, versioned(name));
      LOG.debug("loaded {}", file);
    }
  }

  /** Returns JavaCPP's notation of a library's file name: {@code cudart@.12}. */
  private static String versioned(String name) {
    int so = name.indexOf(".so.");
    return name.substring("lib".length(), so) + "@" + name.substring(so + ".so".length());
  }
}
