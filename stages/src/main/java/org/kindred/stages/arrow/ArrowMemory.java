package org.kindred.stages.arrow;

import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;

/**
 * The process's Arrow memory. Each table has an allocator of its own, so that what it forgets to
 * free is named.
 */
final class ArrowMemory {
  static final RootAllocator ROOT = new RootAllocator();

  private ArrowMemory() {}

  static BufferAllocator newAllocator(String name) {
    return ROOT.newChildAllocator(name, 0, Long.MAX_VALUE);
  }
}
