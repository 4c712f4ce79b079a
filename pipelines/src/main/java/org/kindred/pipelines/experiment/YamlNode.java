package org.kindred.pipelines.experiment;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A part of a YAML document, with the place it was written at. */
sealed interface YamlNode {

  /** Where the value starts. */
  Location at();

  /** The value as a message shows it: the text, or what kind of node it is. */
  String describe();

  /** Whether nothing was written: no text, {@code ~} or {@code null}. */
  default boolean isNull() {
    return false;
  }

  /** Whether nothing is in it: null, blank text, no item, no entry. */
  boolean isEmpty();

  /**
   * A single value.
   *
   * @param plain whether it stood without quotes; only then it can be anything else than text
   */
  record Scalar(Location at, String text, boolean plain) implements YamlNode {
    private static final int MAX_SHOWN = 80;

    @Override
    public boolean isNull() {
      return plain
          && switch (text) {
            case "", "~", "null", "Null", "NULL" -> true;
            default -> false;
          };
    }

    @Override
    public boolean isEmpty() {
      return isNull() || text.isBlank();
    }

    @Override
    public String describe() {
      String line = text.replaceAll("\\p{Cntrl}", " ");
      String shown = line.length() > MAX_SHOWN ? line.substring(0, MAX_SHOWN) + "..." : line;
      return plain ? shown : '"' + shown + '"';
    }
  }

  /** A list. */
  record Sequence(Location at, List<YamlNode> items) implements YamlNode {
    public Sequence {
      items = List.copyOf(items);
    }

    @Override
    public boolean isEmpty() {
      return items.isEmpty();
    }

    @Override
    public String describe() {
      return "a list";
    }
  }

  /** Names with values, in the order of the document. */
  record Mapping(Location at, Map<String, Entry> entries) implements YamlNode {
    public Mapping {
      entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /** The value under a name, or null. */
    YamlNode get(String name) {
      Entry entry = entries.get(name);
      return entry == null ? null : entry.value();
    }

    /** This mapping with one value added or replaced. A value that is replaced keeps its place. */
    Mapping with(String name, Location nameAt, YamlNode value) {
      Map<String, Entry> changed = new LinkedHashMap<>(entries);
      changed.put(name, new Entry(nameAt, value));
      return new Mapping(at, changed);
    }

    /** This mapping less one name. */
    Mapping without(String name) {
      Map<String, Entry> changed = new LinkedHashMap<>(entries);
      changed.remove(name);
      return new Mapping(at, changed);
    }

    @Override
    public boolean isEmpty() {
      return entries.isEmpty();
    }

    @Override
    public String describe() {
      return "a mapping";
    }
  }

  /** A value and where its name was written. */
  record Entry(Location nameAt, YamlNode value) {}
}
