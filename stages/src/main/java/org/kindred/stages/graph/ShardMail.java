package org.kindred.stages.graph;

import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.beam.sdk.coders.ByteArrayCoder;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.transforms.DoFn.OutputReceiver;
import org.apache.beam.sdk.values.KV;

/** What one shard of nodes tells others: a list of integers for each. */
final class ShardMail {
  /** Shard, and bytes of {@link Ints}. */
  static final KvCoder<Integer, byte[]> CODER = KvCoder.of(VarIntCoder.of(), ByteArrayCoder.of());

  private final SortedMap<Integer, Ints> byShard = new TreeMap<>();

  /** Returns the list for the shard that a node is in. */
  Ints to(int node) {
    return byShard.computeIfAbsent(node / PositiveWriter.SHARD_ROWS, unused -> new Ints());
  }

  /** Sends all lists. */
  void send(OutputReceiver<KV<Integer, byte[]>> output) {
    byShard.forEach((shard, values) -> output.output(KV.of(shard, values.toBytes())));
  }
}
