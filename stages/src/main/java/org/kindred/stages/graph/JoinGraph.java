package org.kindred.stages.graph;

import java.io.IOException;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.join.CoGbkResult;
import org.apache.beam.sdk.transforms.join.CoGroupByKey;
import org.apache.beam.sdk.transforms.join.KeyedPCollectionTuple;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;
import org.apache.beam.sdk.values.TupleTag;
import org.kindred.models.neighbors.Components;
import org.kindred.proto.pipeline.v1.PositiveDiscovery;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;

/**
 * Does what {@link WalkGraph} does, of a graph that is spread over the workers: a worker holds the
 * neighbours of one shard of nodes at a time, or what that shard has found.
 *
 * <p>In each hop a shard asks the shards of the nodes that it reached last for their neighbours,
 * and adds those in the answers. Components are counted by one worker, which holds a number of each
 * node while the edges go by.
 */
final class JoinGraph extends PTransform<PCollection<Integer>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private static final TupleTag<byte[]> EDGES = new TupleTag<>("edges");

  /** Questions to a shard: node that asks, place of its question, node that is asked. */
  private static final TupleTag<byte[]> QUESTIONS = new TupleTag<>("questions");

  /** Answers to a shard: node that asked, place of its question, how many nodes, which. */
  private static final TupleTag<byte[]> ANSWERS = new TupleTag<>("answers");

  private static final TupleTag<byte[]> FOUND = new TupleTag<>("found");

  private final StageContext<PropagateConfig> context;

  JoinGraph(StageContext<PropagateConfig> context) {
    this.context = context;
  }

  @Override
  public PCollection<Part> expand(PCollection<Integer> shards) {
    PropagateConfig config = context.config();
    boolean walks = config.getDiscovery() == PositiveDiscovery.POSITIVE_DISCOVERY_WALKS;
    PCollection<KV<Integer, byte[]>> edges = shards.apply("Read Edges", new ReadEdges(context));
    PCollection<KV<Integer, byte[]>> found =
        edges.apply("Hop 1", ParDo.of(new FirstHopFn(walks))).setCoder(ShardMail.CODER);
    for (int hop = 2; hop <= config.getHops(); hop++) {
      found = hop(hop, walks, found, edges);
    }
    PCollection<Part> parts = found.apply("Write Positives", ParDo.of(new WriteFn(context)));
    PCollection<Part> components =
        edges
            .apply("All Edges To One", ParDo.of(new ToOneFn()))
            .setCoder(ShardMail.CODER)
            .apply("Gather Edges", GroupByKey.create())
            .apply("Count Components", ParDo.of(new ComponentsFn(context)));
    return PCollectionList.of(parts).and(components).apply("All Parts", Flatten.pCollections());
  }

  private static PCollection<KV<Integer, byte[]>> hop(
      int hop,
      boolean walks,
      PCollection<KV<Integer, byte[]>> found,
      PCollection<KV<Integer, byte[]>> edges) {
    PCollection<KV<Integer, byte[]>> questions =
        found.apply("Ask For Hop " + hop, ParDo.of(new AskFn(hop - 1))).setCoder(ShardMail.CODER);
    PCollection<KV<Integer, byte[]>> answers =
        KeyedPCollectionTuple.of(EDGES, edges)
            .and(QUESTIONS, questions)
            .apply("Questions Of Hop " + hop, CoGroupByKey.create())
            .apply("Answer Hop " + hop, ParDo.of(new AnswerFn()))
            .setCoder(ShardMail.CODER);
    return KeyedPCollectionTuple.of(FOUND, found)
        .and(ANSWERS, answers)
        .apply("Answers Of Hop " + hop, CoGroupByKey.create())
        .apply("Hop " + hop, ParDo.of(new HopFn(hop, walks)))
        .setCoder(ShardMail.CODER);
  }

  static final class FirstHopFn extends StepFn<KV<Integer, byte[]>, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    private final boolean walks;

    FirstHopFn(boolean walks) {
      this.walks = walks;
    }

    @ProcessElement
    public void process(
        @Element KV<Integer, byte[]> shard, OutputReceiver<KV<Integer, byte[]>> output) {
      IntBuffer edges = Ints.read(shard.getValue());
      FoundSets found = FoundSets.none(edges.get(), edges.get());
      for (int node = found.first(); node < found.first() + found.count(); node++) {
        if (walks) {
          found.append(node, 1, Ints.next(edges));
        } else {
          found.reach(node, 1, Ints.next(edges));
        }
      }
      output.output(KV.of(shard.getKey(), found.toBytes()));
    }
  }

  /** Asks for the neighbours of what the last hop added. */
  static final class AskFn extends StepFn<KV<Integer, byte[]>, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    private final int lastHop;

    AskFn(int lastHop) {
      this.lastHop = lastHop;
    }

    @ProcessElement
    public void process(
        @Element KV<Integer, byte[]> shard, OutputReceiver<KV<Integer, byte[]>> output) {
      FoundSets found = FoundSets.fromBytes(shard.getValue());
      ShardMail mail = new ShardMail();
      for (int node = found.first(); node < found.first() + found.count(); node++) {
        int[] ids = found.of(node).ids();
        int start = found.start(node, lastHop);
        for (int at = start; at < ids.length; at++) {
          mail.to(ids[at]).add(node).add(at - start).add(ids[at]);
        }
      }
      mail.send(output);
    }
  }

  static final class AnswerFn extends StepFn<KV<Integer, CoGbkResult>, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    @ProcessElement
    public void process(
        @Element KV<Integer, CoGbkResult> shard, OutputReceiver<KV<Integer, byte[]>> output) {
      IntBuffer edges = Ints.read(shard.getValue().getOnly(EDGES));
      int first = edges.get();
      List<int[]> neighbors = new ArrayList<>();
      for (int left = edges.get(); left > 0; left--) {
        neighbors.add(Ints.next(edges));
      }
      ShardMail mail = new ShardMail();
      for (byte[] bytes : shard.getValue().getAll(QUESTIONS)) {
        IntBuffer questions = Ints.read(bytes);
        while (questions.hasRemaining()) {
          int asker = questions.get();
          int place = questions.get();
          int[] found = neighbors.get(questions.get() - first);
          mail.to(asker).add(asker).add(place).add(found.length).addAll(found);
        }
      }
      mail.send(output);
    }
  }

  /** Adds the answers of a hop to what was found, in order of the questions. */
  static final class HopFn extends StepFn<KV<Integer, CoGbkResult>, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    private final int hop;
    private final boolean walks;

    HopFn(int hop, boolean walks) {
      this.hop = hop;
      this.walks = walks;
    }

    @ProcessElement
    public void process(
        @Element KV<Integer, CoGbkResult> shard, OutputReceiver<KV<Integer, byte[]>> output) {
      FoundSets found = FoundSets.fromBytes(shard.getValue().getOnly(FOUND));
      int[][][] answers = new int[found.count()][][];
      for (int i = 0; i < answers.length; i++) {
        int node = found.first() + i;
        answers[i] = new int[found.of(node).ids().length - found.start(node, hop - 1)][];
      }
      for (byte[] bytes : shard.getValue().getAll(ANSWERS)) {
        IntBuffer values = Ints.read(bytes);
        while (values.hasRemaining()) {
          int[][] ofAsker = answers[values.get() - found.first()];
          ofAsker[values.get()] = Ints.next(values);
        }
      }
      for (int i = 0; i < answers.length; i++) {
        int[] neighbors = Arrays.stream(answers[i]).flatMapToInt(Arrays::stream).toArray();
        if (walks) {
          found.append(found.first() + i, hop, neighbors);
        } else {
          found.reach(found.first() + i, hop, neighbors);
        }
      }
      output.output(KV.of(shard.getKey(), found.toBytes()));
    }
  }

  static final class WriteFn extends GraphFn<KV<Integer, byte[]>, Part> {
    private static final long serialVersionUID = 1L;

    WriteFn(StageContext<PropagateConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(@Element KV<Integer, byte[]> shard, OutputReceiver<Part> output)
        throws IOException {
      FoundSets found = FoundSets.fromBytes(shard.getValue());
      output.output(newWriter().write(shard.getKey(), found::of));
    }
  }

  static final class ToOneFn extends StepFn<KV<Integer, byte[]>, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    @ProcessElement
    public void process(
        @Element KV<Integer, byte[]> shard, OutputReceiver<KV<Integer, byte[]>> output) {
      output.output(KV.of(0, shard.getValue()));
    }
  }

  static final class ComponentsFn extends StepFn<KV<Integer, Iterable<byte[]>>, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<PropagateConfig> context;

    ComponentsFn(StageContext<PropagateConfig> context) {
      this.context = context;
    }

    @ProcessElement
    public void process(@Element KV<Integer, Iterable<byte[]>> all, OutputReceiver<Part> output) {
      int nodes = Math.toIntExact(PropagateStage.graph(context).getNodes());
      Components components = new Components(nodes);
      for (byte[] bytes : all.getValue()) {
        IntBuffer edges = Ints.read(bytes);
        int first = edges.get();
        int count = edges.get();
        for (int node = first; node < first + count; node++) {
          for (int neighbor : Ints.next(edges)) {
            components.join(node, neighbor);
          }
        }
      }
      output.output(WalkGraph.componentsOf(components));
    }
  }
}
