package org.kindred.stages;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.coders.VoidCoder;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.WithKeys;
import org.apache.beam.sdk.transforms.display.DisplayData;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.TypeDescriptors;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.artifact.StagedFile;

/**
 * A whole stage as one Beam transform: the stage's own work, then the publishing of its artifact.
 * Gives the artifact's digest.
 *
 * @param <C> the stage's configuration type
 */
public final class StageTransform<C extends Message>
    extends PTransform<PBegin, PCollection<String>> {
  private static final long serialVersionUID = 1L;

  private final transient Stage<C> stage;
  private final StageContext<C> context;

  private StageTransform(Stage<C> stage, StageContext<C> context) {
    super(String.format(Locale.ROOT, "%s (%s v%d)", context.step(), stage.name(), stage.version()));
    this.stage = stage;
    this.context = context;
  }

  /** Wraps a stage. */
  public static <C extends Message> StageTransform<C> of(Stage<C> stage, StageContext<C> context) {
    return new StageTransform<>(stage, context);
  }

  @Override
  public PCollection<String> expand(PBegin begin) {
    PCollection<Part> parts;
    try {
      parts = stage.expand(begin, context);
    } catch (IOException e) {
      throw new StageException("step %s: %s".formatted(context.step(), e.getMessage()), e);
    }
    return parts
        .setCoder(SerializableCoder.of(Part.class))
        .apply(
            "Key Parts Alike",
            WithKeys.<Void, Part>of((Void) null).withKeyType(TypeDescriptors.voids()))
        .setCoder(KvCoder.of(VoidCoder.of(), SerializableCoder.of(Part.class)))
        .apply("Gather Parts", GroupByKey.create())
        .apply("Publish Artifact", ParDo.of(new PublishFn<>(stage.name(), context)))
        .setCoder(StringUtf8Coder.of());
  }

  @Override
  public void populateDisplayData(DisplayData.Builder builder) {
    super.populateDisplayData(builder);
    Producer producer = context.producer();
    builder.add(DisplayData.item("stage", producer.getStage()).withLabel("Stage"));
    builder.add(
        DisplayData.item("version", producer.getImplementationVersion())
            .withLabel("Implementation Version"));
    builder.add(DisplayData.item("seed", producer.getSeed()).withLabel("Seed"));
    builder.add(DisplayData.item("reuseKey", producer.getReuseKey()).withLabel("Reuse Key"));
    for (InputRef input : producer.getInputsList()) {
      builder.add(DisplayData.item("input." + input.getName(), input.getDigest()));
    }
    for (Map.Entry<String, Value> field : producer.getConfig().getFieldsMap().entrySet()) {
      builder.add(DisplayData.item("config." + field.getKey(), json(field.getValue())));
    }
  }

  private static String json(Value value) {
    try {
      return JsonFormat.printer().omittingInsignificantWhitespace().print(value);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("not printable as JSON: " + value, e);
    }
  }

  /** Turns the parts into the published artifact. Doing it again ends in the same artifact. */
  private static final class PublishFn<C extends Message>
      extends StepFn<KV<Void, Iterable<Part>>, String> {
    private static final long serialVersionUID = 1L;

    private final String stageName;
    private final StageContext<C> context;

    PublishFn(String stageName, StageContext<C> context) {
      this.stageName = stageName;
      this.context = context;
    }

    @ProcessElement
    public void process(@Element KV<Void, Iterable<Part>> gathered, OutputReceiver<String> output)
        throws IOException {
      List<Part> parts = new ArrayList<>();
      gathered.getValue().forEach(parts::add);
      Content payload = stage().describe(context, parts);
      List<StagedFile> files = parts.stream().flatMap(part -> part.files().stream()).toList();
      Producer.Builder producer = context.producer().toBuilder();
      parts.forEach(part -> producer.putAllMeasurements(part.measurements()));
      producer.getPlatformBuilder().setDevice(devices(parts));
      output.output(
          context.store().publish(context.staging(), files, payload, producer.build()).digest());
    }

    private static String devices(List<Part> parts) {
      return parts.stream()
          .map(Part::device)
          .filter(device -> !device.isEmpty())
          .distinct()
          .sorted()
          .collect(Collectors.joining("; "));
    }

    @SuppressWarnings("unchecked") // a stage's name stands for its configuration type
    private Stage<C> stage() {
      return (Stage<C>)
          Stages.load()
              .find(stageName)
              .orElseThrow(
                  () ->
                      new StageException(
                          "stage \"%s\" is not on the worker's class path".formatted(stageName)));
    }
  }
}
