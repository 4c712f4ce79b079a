package org.kindred.stages.graph;

import java.nio.IntBuffer;
import java.util.Arrays;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;

/**
 * Reads the edges that are followed from the nodes of shards, given by number. A shard's are a list
 * of integers: first node, nodes; then for each node how many neighbours, and which, nearest first.
 */
final class ReadEdges extends PTransform<PCollection<Integer>, PCollection<KV<Integer, byte[]>>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<PropagateConfig> context;

  ReadEdges(StageContext<PropagateConfig> context) {
    this.context = context;
  }

  @Override
  public PCollection<KV<Integer, byte[]>> expand(PCollection<Integer> shards) {
    PCollection<KV<Integer, byte[]>> edges =
        shards.apply("Read Shard", ParDo.of(new ReadFn(context))).setCoder(ShardMail.CODER);
    if (!context.config().getMutual()) {
      return edges;
    }
    return edges
        .apply("Turn Edges Round", ParDo.of(new TurnFn()))
        .setCoder(ShardMail.CODER)
        .apply("Edges That End In A Shard", GroupByKey.create())
        .apply("Keep Mutual Edges", ParDo.of(new MutualFn(context)))
        .setCoder(ShardMail.CODER);
  }

  static final class ReadFn extends GraphFn<Integer, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    ReadFn(StageContext<PropagateConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(@Element Integer shard, OutputReceiver<KV<Integer, byte[]>> output) {
      int first = shard * PositiveWriter.SHARD_ROWS;
      int count = Math.min(PositiveWriter.SHARD_ROWS, graph().nodes() - first);
      int k = config().getK();
      int[] neighbors = graph().neighbors(first, count, k);
      Ints edges = new Ints().add(first).add(count);
      for (int i = 0; i < count; i++) {
        edges.add(k).addAll(Arrays.copyOfRange(neighbors, i * k, (i + 1) * k));
      }
      output.output(KV.of(shard, edges.toBytes()));
    }
  }

  /** Sends each edge to the shard that it leads to; the edges of a node, to the node's own. */
  static final class TurnFn extends StepFn<KV<Integer, byte[]>, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    @ProcessElement
    public void process(
        @Element KV<Integer, byte[]> shard, OutputReceiver<KV<Integer, byte[]>> output) {
      IntBuffer edges = Ints.read(shard.getValue());
      int first = edges.get();
      int count = edges.get();
      ShardMail mail = new ShardMail();
      mail.to(first); // a shard that no edge ends in must not be lost
      for (int node = first; node < first + count; node++) {
        for (int neighbor : Ints.next(edges)) {
          mail.to(neighbor).add(neighbor).add(node);
        }
      }
      mail.send(output);
    }
  }

  /** Of a shard's own edges keeps those that are among the edges that end in it. */
  static final class MutualFn extends GraphFn<KV<Integer, Iterable<byte[]>>, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    MutualFn(StageContext<PropagateConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(
        @Element KV<Integer, Iterable<byte[]>> shard, OutputReceiver<KV<Integer, byte[]>> output) {
      int first = shard.getKey() * PositiveWriter.SHARD_ROWS;
      int count = Math.min(PositiveWriter.SHARD_ROWS, graph().nodes() - first);
      Ints[] incoming = new Ints[count];
      Arrays.setAll(incoming, unused -> new Ints());
      for (byte[] bytes : shard.getValue()) {
        IntBuffer edges = Ints.read(bytes);
        while (edges.hasRemaining()) {
          incoming[edges.get() - first].add(edges.get());
        }
      }
      int k = config().getK();
      int[] neighbors = graph().neighbors(first, count, k);
      Ints kept = new Ints().add(first).add(count);
      for (int i = 0; i < count; i++) {
        int[] sources = incoming[i].toArray();
        Arrays.sort(sources);
        int[] mutual =
            Arrays.stream(neighbors, i * k, (i + 1) * k)
                .filter(neighbor -> Arrays.binarySearch(sources, neighbor) >= 0)
                .toArray();
        kept.add(mutual.length).addAll(mutual);
      }
      output.output(KV.of(shard.getKey(), kept.toBytes()));
    }
  }
}
