package org.kindred.stages;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.coders.CoderException;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.util.CoderUtils;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.artifact.StagedFile;

/**
 * How large a stage's work is. Sizes that no run can reach overflow nothing: what may exceed a long
 * is a double.
 *
 * @param content the payload that the artifact would have, as far as later stages need it to
 *     estimate in turn; nothing that only the data can tell, such as a metric
 * @param records what the stage goes through: images, views, nodes, rows or queries
 * @param tables the tables that it writes
 * @param otherBytes bytes of files that are no tables
 * @param workItems descriptions of work that the runner hands out
 * @param itemBytes bytes of these descriptions, which are a part of the job's own description
 * @param shuffledBytes bytes that go from worker to worker: the descriptions, what work items tell,
 *     intermediate results
 * @param taskBytes bytes of memory, Java heap or not, that a worker's thread holds at least
 * @param flops floating-point operations, a multiplication and an addition counted as two; 0 where
 *     they are not the measure of the work
 * @param work what its time is in proportion to
 * @param notes what does not scale, or what a figure rests on, one line each
 */
public record Estimate(
    Content content,
    double records,
    List<TableSize> tables,
    double otherBytes,
    long workItems,
    double itemBytes,
    double shuffledBytes,
    double taskBytes,
    double flops,
    Work work,
    List<String> notes) {

  /** Copies the lists. */
  public Estimate {
    tables = List.copyOf(tables);
    notes = List.copyOf(notes);
  }

  /**
   * An amount of work and how fast it is done.
   *
   * @param amount how much
   * @param unit of what, in the plural
   * @param perCoreSecond how much one processor does in a second where nothing better is known:
   *     measured by {@code runners/benchmarks/rates.py}, or as README says
   */
  public record Work(double amount, String unit, double perCoreSecond) {}

  /** Returns the number of data files that hold tables. */
  public long shards() {
    return tables.stream().mapToLong(TableSize::files).sum();
  }

  /** Returns the bytes of all data files. */
  public double bytes() {
    return otherBytes + tables.stream().mapToDouble(TableSize::bytes).sum();
  }

  /** Starts an estimate of work on so many records. */
  public static Builder of(double records) {
    return new Builder(records);
  }

  /** Takes together what is known of a stage's work; what is not given is 0. */
  public static final class Builder {
    private final double records;
    private final List<TableSize> tables = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private double otherBytes;
    private long workItems;
    private double itemBytes;
    private double shuffledBytes;
    private double taskBytes;
    private double flops;

    private Builder(double records) {
      this.records = records;
    }

    /** Adds a table. */
    public Builder table(TableSize table) {
      tables.add(table);
      return this;
    }

    /** Adds bytes of files that are no tables. */
    public Builder otherBytes(double bytes) {
      otherBytes += bytes;
      return this;
    }

    /**
     * Adds work items that {@link WorkItems} hands out, each of which becomes a {@link Part}.
     *
     * @param count how many
     * @param sample one of them
     * @param files data files that each writes
     */
    public Builder workItems(long count, Serializable sample, int files) {
      return workItems(count, sample).parts(count, files);
    }

    /**
     * Adds work items that {@link WorkItems} hands out.
     *
     * @param count how many
     * @param sample one of them
     */
    public Builder workItems(long count, Serializable sample) {
      double bytes = count * encodedBytes(sample);
      workItems += count;
      itemBytes += bytes;
      return shuffled(bytes);
    }

    /** Adds work that is one task. */
    public Builder oneTask(int files) {
      workItems++;
      return parts(1, files);
    }

    /** Adds parts that tell of so many files each. */
    public Builder parts(long count, int files) {
      DataFile file =
          DataFile.newBuilder()
              .setPath("table-000000.arrow")
              .setTable("table")
              .setBytes(Integer.MAX_VALUE)
              .setRows(1)
              .setSha256("0".repeat(64))
              .build();
      List<StagedFile> staged = new ArrayList<>();
      for (int i = 0; i < files; i++) {
        staged.add(new StagedFile("attempt-" + "0".repeat(36) + "/table-000000.arrow", file));
      }
      return shuffled(count * encodedBytes(Part.of(staged, Content.getDefaultInstance())));
    }

    private static double encodedBytes(Serializable value) {
      try {
        return CoderUtils.encodeToByteArray(SerializableCoder.of(Serializable.class), value).length;
      } catch (CoderException e) {
        throw new IllegalArgumentException(value + " can't travel between workers", e);
      }
    }

    /** Adds bytes that go from worker to worker. */
    public Builder shuffled(double bytes) {
      shuffledBytes += bytes;
      return this;
    }

    /** Adds bytes of memory that a worker's thread holds. */
    public Builder holds(double bytes) {
      taskBytes += bytes;
      return this;
    }

    /** Adds floating-point operations. */
    public Builder flops(double operations) {
      flops += operations;
      return this;
    }

    /** Adds a line about what does not scale, or about what a figure rests on. */
    public Builder note(String note) {
      notes.add(note);
      return this;
    }

    /**
     * Completes the estimate of work whose measure is its floating-point operations.
     *
     * @param content the artifact's payload
     * @param perCoreSecond operations of a processor in a second
     */
    public Estimate byFlops(Content content, double perCoreSecond) {
      return by(content, new Work(flops, "FLOPs", perCoreSecond));
    }

    /** Completes the estimate. */
    public Estimate by(Content content, Work work) {
      return new Estimate(
          content,
          records,
          tables,
          otherBytes,
          workItems,
          itemBytes,
          shuffledBytes,
          taskBytes,
          flops,
          work,
          notes);
    }
  }
}
