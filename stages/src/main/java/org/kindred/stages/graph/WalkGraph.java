package org.kindred.stages.graph;

import java.io.IOException;
import java.util.List;
import java.util.function.IntFunction;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.neighbors.Components;
import org.kindred.models.neighbors.Propagation;
import org.kindred.models.neighbors.Propagation.Positives;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.pipeline.v1.PositiveDiscovery;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;

/**
 * Finds the positives of the nodes of shards, given by number, and writes them. A worker holds the
 * whole graph: 4 x nodes x k bytes. The first shard's also counts the components.
 */
final class WalkGraph extends PTransform<PCollection<Integer>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<PropagateConfig> context;

  WalkGraph(StageContext<PropagateConfig> context) {
    this.context = context;
  }

  @Override
  public PCollection<Part> expand(PCollection<Integer> shards) {
    return shards.apply("Propagate And Write", ParDo.of(new PropagateFn(context)));
  }

  static final class PropagateFn extends GraphFn<Integer, Part> {
    private static final long serialVersionUID = 1L;

    private transient PositiveWriter writer;
    private transient Propagation walked;
    private transient IntFunction<Positives> positives;

    PropagateFn(StageContext<PropagateConfig> context) {
      super(context);
    }

    @Override
    @Setup
    public void setUp() throws IOException {
      super.setUp();
      writer = newWriter();
      int k = config().getK();
      int[] neighbors = graph().neighbors(0, graph().nodes(), k);
      Propagation all = new Propagation(neighbors, k, k, config().getHops());
      walked = config().getMutual() ? all.mutual() : all;
      Propagation.Walker walker = walked.walker();
      positives =
          config().getDiscovery() == PositiveDiscovery.POSITIVE_DISCOVERY_WALKS
              ? walker::walkEnds
              : walker::positives;
    }

    @ProcessElement
    public void process(@Element Integer shard, OutputReceiver<Part> output) throws IOException {
      output.output(writer.write(shard, positives));
      if (shard == 0) {
        output.output(componentsOf(Components.of(walked)));
      }
    }
  }

  /** Returns the part that tells of the components. */
  static Part componentsOf(Components components) {
    return Part.of(
        List.of(),
        Content.newBuilder()
            .setPositiveSet(ComponentSizes.toPositiveSet(components.sizes()))
            .build());
  }
}
