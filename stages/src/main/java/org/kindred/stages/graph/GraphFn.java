package org.kindred.stages.graph;

import java.io.IOException;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.neighbors.GraphReader;

/** A function that reads the graph, and the embeddings that it was made of. */
abstract class GraphFn<I, O> extends StepFn<I, O> {
  private static final long serialVersionUID = 1L;

  private final StageContext<PropagateConfig> context;
  private transient GraphReader graph;

  GraphFn(StageContext<PropagateConfig> context) {
    this.context = context;
  }

  /** Opens the graph; who overrides it calls it first. */
  @Setup
  public void setUp() throws IOException {
    graph =
        GraphReader.open(
            context.step(),
            context.input(PropagateStage.GRAPH),
            context.input(PropagateStage.EMBEDDINGS));
  }

  /** Closes the graph. */
  @Teardown
  public final void tearDown() {
    if (graph != null) {
      graph.close();
    }
  }

  final GraphReader graph() {
    return graph;
  }

  final PropagateConfig config() {
    return context.config();
  }

  /** Returns a writer for this thread. */
  final PositiveWriter newWriter() {
    return new PositiveWriter(context, graph);
  }
}
