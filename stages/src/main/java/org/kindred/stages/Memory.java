package org.kindred.stages;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/** Refuses work that can't fit into this machine's memory, before it starts. */
public final class Memory {
  private static final double GIB = 1L << 30;

  private Memory() {}

  /**
   * Checks what work takes at least. Estimates are doubles: no product of sizes overflows.
   *
   * @param work names the configuration's field, its value, and what takes the memory
   * @param heap bytes of Java heap
   * @param beside bytes of memory beside the heap
   * @throws StageException naming the need and how much is missing
   */
  public static void check(String work, double heap, double beside) {
    require(work, "Java heap (-Xmx)", heap, (double) Runtime.getRuntime().maxMemory());
    require(work, "memory", heap + beside, physical());
  }

  private static double physical() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getTotalMemorySize();
  }

  private static void require(String work, String what, double need, double available) {
    if (need > available) {
      throw new StageException(
          String.format(
              Locale.ROOT,
              "%s takes at least %.1f GiB of %s, of which there are %.1f GiB: %.1f GiB are missing",
              work,
              need / GIB,
              what,
              available / GIB,
              (need - available) / GIB));
    }
  }
}
