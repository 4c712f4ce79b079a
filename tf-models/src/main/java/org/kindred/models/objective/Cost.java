package org.kindred.models.objective;

import java.util.ArrayList;
import java.util.List;

/**
 * What an objective takes beside the passes through the network. State is exact. The rest is the
 * least that its large matrices take; what is small beside the network is left out.
 *
 * @param state variables and tables that live between steps
 * @param stepBytes native memory of the images that go through the network at a time, until their
 *     backward pass is done
 * @param stepFlops floating-point operations of their forward and backward pass
 * @param heapBytes Java heap that is held throughout, tables aside
 * @param between what is done before epochs
 */
public record Cost(
    List<State> state, double stepBytes, double stepFlops, double heapBytes, Between between) {

  /** Nothing that counts. */
  public static final Cost NONE = of();

  /** Copies the list. */
  public Cost {
    state = List.copyOf(state);
  }

  /** Where state lives, and who changes it. */
  public enum Kind {
    /** A variable that the objective changes. */
    VARIABLE,
    /** A variable that the optimiser learns: it has a gradient and a momentum of its size. */
    LEARNED,
    /** A table on the host. */
    TABLE
  }

  /**
   * State of 4 bytes a value.
   *
   * @param name its name, or what those of several variables begin with
   * @param rows rows
   * @param width values of a row
   */
  public record State(String name, long rows, long width, Kind kind) {

    /** Returns a row for each training example. */
    static State bank(String name, Extent extent) {
      return new State(name, extent.examples(), extent.dimension(), Kind.VARIABLE);
    }

    /** Returns some numbers of each training example, on the host. */
    static State table(String name, Extent extent, long width) {
      return new State(name, extent.examples(), width, Kind.TABLE);
    }

    /** Returns the bytes. */
    public double bytes() {
      return (double) Float.BYTES * rows * width;
    }
  }

  /**
   * What is done before epochs.
   *
   * @param heapBytes most Java heap that it holds at a time
   * @param nativeBytes most native memory that it holds at a time
   * @param flops floating-point operations of all epochs together, passes aside
   * @param passes passes of all evaluation images through the network, of all epochs together
   * @param width length of the rows that they give; 0 when there are none
   */
  public record Between(
      double heapBytes, double nativeBytes, double flops, double passes, int width) {

    static final Between NOTHING = new Between(0, 0, 0, 0, 0);
  }

  /** Returns the cost of state alone. */
  static Cost of(State... state) {
    return new Cost(List.of(state), 0, 0, 0, Between.NOTHING);
  }

  /** Returns a cost with more state. */
  Cost withState(State more) {
    List<State> all = new ArrayList<>(state);
    all.add(more);
    return new Cost(all, stepBytes, stepFlops, heapBytes, between);
  }

  /** Returns a cost with more native memory and operations of a step. */
  Cost withStep(double bytes, double flops) {
    return new Cost(state, stepBytes + bytes, stepFlops + flops, heapBytes, between);
  }

  /** Returns a cost with Java heap. */
  Cost withHeap(double bytes) {
    return new Cost(state, stepBytes, stepFlops, bytes, between);
  }

  /** Returns a cost with something to do before epochs. */
  Cost withBetween(Between work) {
    return new Cost(state, stepBytes, stepFlops, heapBytes, work);
  }

  /** Returns the bytes of {@code matrices} matrices of a row for each image of a step. */
  static double floats(double matrices, double rows, double columns) {
    return matrices * Float.BYTES * rows * columns;
  }

  /** Returns the bytes of as many in 64 bits. */
  static double doubles(double matrices, double rows, double columns) {
    return matrices * Double.BYTES * rows * columns;
  }

  /** Returns the operations of an inner product of {@code length} values for each place. */
  static double products(double rows, double columns, double length) {
    return 2 * rows * columns * length;
  }
}
