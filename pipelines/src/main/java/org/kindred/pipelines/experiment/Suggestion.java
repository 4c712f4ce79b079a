package org.kindred.pipelines.experiment;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** The end of a message about an unknown name: the nearest valid name, and all of them. */
final class Suggestion {
  private Suggestion() {}

  /** Such as {@code ; did you mean "metric"? valid: k, metric, split}. */
  static String of(String name, Collection<String> names) {
    List<String> valid = names.stream().filter(each -> !each.isBlank()).distinct().toList();
    if (valid.isEmpty()) {
      return "; there are none here";
    }
    String nearest =
        valid.stream()
            .filter(candidate -> isNear(name, candidate))
            .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
            .map(candidate -> " did you mean \"" + candidate + "\"?")
            .orElse("");
    return ";" + nearest + " valid: " + String.join(", ", valid);
  }

  /** Whether at most a third of the letters differ, and not all of them. */
  private static boolean isNear(String name, String candidate) {
    int distance = distance(name, candidate);
    return distance < name.length() && distance <= Math.max(1, name.length() / 3);
  }

  /** Levenshtein's distance, upper and lower case alike. */
  private static int distance(String left, String right) {
    String a = left.toLowerCase(Locale.ROOT);
    String b = right.toLowerCase(Locale.ROOT);
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substitution = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substitution, 1 + Math.min(row[j - 1], row[j]));
      }
    }
    return row[b.length()];
  }
}
