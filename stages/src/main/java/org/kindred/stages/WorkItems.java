package org.kindred.stages;

import java.io.Serializable;
import java.util.List;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;

/**
 * A stage's work, cut into small descriptions that workers take one at a time. What they describe
 * is read from files, so that little goes through the runner.
 *
 * @param <T> a description
 */
public final class WorkItems<T extends Serializable> extends PTransform<PBegin, PCollection<T>> {
  private static final long serialVersionUID = 1L;

  private final Class<T> type;
  private final transient List<T> items;

  private WorkItems(Class<T> type, List<T> items) {
    this.type = type;
    this.items = items;
  }

  /** Returns the items, spread over the workers. */
  public static <T extends Serializable> WorkItems<T> of(Class<T> type, List<T> items) {
    return new WorkItems<>(type, items);
  }

  /** Returns how many items there are. */
  int size() {
    return items.size();
  }

  @Override
  public PCollection<T> expand(PBegin begin) {
    return begin
        .apply("Create", Create.of(items).withCoder(SerializableCoder.of(type)))
        .apply("Spread", Reshuffle.viaRandomKey());
  }
}
