package org.kindred.pipelines.testing;

import com.google.protobuf.Message;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.stages.Estimate;
import org.kindred.stages.Estimate.Work;
import org.kindred.stages.Part;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.WorkItems;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.Staging.Shard;

/** Writes numbers to a table, a few in each of three work items. */
abstract class NumbersStage<C extends Message> implements Stage<C> {
  private static final int SHARDS = 3;
  private static final double NUMBERS_A_SECOND = 1200;

  record Item(int shard, float value) implements Serializable {}

  /** Returns the number to write. A negative one makes a worker fail. */
  abstract float value(StageContext<C> context) throws IOException;

  @Override
  public String description() {
    return "writes numbers";
  }

  @Override
  public int version() {
    return 1;
  }

  @Override
  public Optional<Estimate> estimate(StageContext<C> context) throws IOException {
    return Optional.of(
        Estimate.of(SHARDS)
            .table(
                TableSize.of("numbers", Tables.measurements(), SHARDS, 1, Map.of("measure", 6.0)))
            .workItems(SHARDS, new Item(0, 0), 1)
            .by(
                describe(context, List.of()),
                new Work(SHARDS * NUMBERS_A_SECOND, "numbers", NUMBERS_A_SECOND)));
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<C> context) throws IOException {
    float value = value(context);
    List<Item> items = List.of(new Item(0, value), new Item(1, value), new Item(SHARDS - 1, value));
    return begin
        .apply("List", WorkItems.of(Item.class, items))
        .apply("Write", ParDo.of(new WriteFn<>(context)));
  }

  static final class WriteFn<C extends Message> extends DoFn<Item, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<C> context;

    WriteFn(StageContext<C> context) {
      this.context = context;
    }

    @ProcessElement
    public void process(@Element Item item, OutputReceiver<Part> output) throws IOException {
      if (item.value() < 0) {
        throw new StageException("the value is %s, valid is 0 or more".formatted(item.value()));
      }
      try (Shard shard =
          context.staging().newShard("numbers", item.shard(), Tables.measurements(), Map.of())) {
        shard.writer().nextRow();
        shard.writer().put(0, item.shard());
        shard.writer().put(1, "number");
        shard.writer().put(2, item.value());
        output.output(Part.of(List.of(shard.finish()), Content.getDefaultInstance()));
      }
    }
  }
}
