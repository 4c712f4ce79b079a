package org.kindred.pipelines.report;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Figures as a reader sees them; the same in every locale. */
final class Formats {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final String[] BYTE_UNITS = {"kB", "MB", "GB", "TB", "PB", "EB"};

  private Formats() {}

  /** Returns a measured figure: 4 decimals below 10, then fewer. */
  static String number(double value) {
    double size = Math.abs(value);
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.toString(value);
    }
    String format = size < 10 ? "%.4f" : size < 1000 ? "%.2f" : "%,.0f";
    return String.format(Locale.ROOT, format, value);
  }

  /** Returns a similarity. */
  static String similarity(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  /** Returns a count with thousands separated by commas. */
  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** Returns a share in percent, or a dash when there is nothing to take a share of. */
  static String percent(long part, long whole) {
    return whole == 0 ? "–" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
  }

  /** Returns a size in decimal units. */
  static String bytes(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double size = bytes / 1000.0;
    int unit = 0;
    while (size >= 1000) {
      size /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", size, BYTE_UNITS[unit]);
  }

  /** Returns a length of time. */
  static String duration(double seconds) {
    if (seconds < 60) {
      return String.format(Locale.ROOT, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
    }
    long whole = Math.round(seconds);
    return whole < 3600
        ? String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
  }

  /** Returns a point in time, UTC, to the second. */
  static String time(Timestamp time) {
    return TIME.format(Instant.ofEpochSecond(time.getSeconds()));
  }

  /** Returns the length of time between two points. */
  static String between(Timestamp start, Timestamp end) {
    return duration(
        end.getSeconds() - start.getSeconds() + (end.getNanos() - start.getNanos()) / 1e9);
  }

  /** Returns the beginning of a digest, enough to tell one artifact from another. */
  static String shortDigest(String digest) {
    return digest.substring(0, Math.min(8, digest.length()));
  }
}
