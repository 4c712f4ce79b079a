package org.kindred.stages.ingest;

import java.io.IOException;
import java.io.Serializable;
import org.kindred.stages.SplitCounts;

/** A run of records of a source: what one work item reads and one data file holds. */
interface SourceShard extends Serializable {

  /** Takes the records of a shard, in order of id. */
  interface Sink {

    /** Takes an image as raw RGB: height x width x 3 bytes. */
    void raw(Origin origin, int width, int height, byte[] rgb) throws IOException;

    /** Takes an image as a JPEG or PNG file. */
    void file(Origin origin, byte[] bytes) throws IOException;

    /** Takes a record that can't be an image. */
    void reject(Origin origin, String reason) throws IOException;
  }

  /**
   * Where a record comes from.
   *
   * @param id position in the source
   * @param split split
   * @param label index of the class, -1 for none
   * @param source the record's name in the source
   */
  record Origin(long id, String split, int label, String source) implements Serializable {}

  /** Returns the shard's number, from 0. */
  int number();

  /** Counts what it will read, if nothing is refused. */
  void count(SplitCounts splits);

  /** Returns a shard of at most so many of the first records. */
  SourceShard head(int records);

  /** Reads the shard's records into a sink. */
  void read(Sink sink) throws IOException;
}
