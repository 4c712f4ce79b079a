package org.kindred.pipelines.report;

/**
 * One image of a row, with its caption.
 *
 * @param image data URI, empty when the image is not there
 * @param description what a reader who can't see the image is told
 * @param verdict whether its class is the right one
 * @param name first line of the caption
 * @param detail second line of the caption
 */
record Tile(String image, String description, Verdict verdict, String name, String detail) {

  /** Whether an example has the class that was asked for. */
  enum Verdict {
    /** The same class. */
    RIGHT("✓"),
    /** Another class. */
    WRONG("✗"),
    /** Nothing to compare with. */
    NONE("");

    private final String sign;

    Verdict(String sign) {
      this.sign = sign;
    }

    /** Compares two labels, -1 for none. */
    static Verdict of(int label, int expected) {
      if (label < 0 || expected < 0) {
        return NONE;
      }
      return label == expected ? RIGHT : WRONG;
    }

    /** Returns the sign that says it without colour. */
    String sign() {
      return sign;
    }

    /** Returns the word for it, which is also its style. */
    String word() {
      return switch (this) {
        case RIGHT -> "right";
        case WRONG -> "wrong";
        case NONE -> "none";
      };
    }
  }
}
