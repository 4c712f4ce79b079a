package org.kindred.stages;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The stages on the class path. */
public final class Stages {
  private final TreeMap<String, Stage<?>> byName = new TreeMap<>();

  private Stages(Iterable<? extends Stage<?>> stages) {
    for (Stage<?> stage : stages) {
      Stage<?> other = byName.put(stage.name(), stage);
      if (other != null) {
        throw new StageException(
            "two stages are called \"%s\": %s and %s"
                .formatted(stage.name(), other.getClass().getName(), stage.getClass().getName()));
      }
    }
  }

  /** Finds the stages on the class path. */
  @SuppressWarnings({"rawtypes", "unchecked"}) // ServiceLoader knows raw types only
  public static Stages load() {
    ArrayList<Stage<?>> found = new ArrayList<>();
    for (Stage stage : ServiceLoader.load(Stage.class)) {
      found.add(stage);
    }
    return new Stages(found);
  }

  /** Returns all stages in order of name. */
  public Collection<Stage<?>> all() {
    return byName.values();
  }

  /** Returns the stage of a name. */
  public Optional<Stage<?>> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }
}
