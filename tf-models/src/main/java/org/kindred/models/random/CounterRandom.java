package org.kindred.models.random;

/**
 * A stream of random numbers that is named by its coordinates: Philox4x32-10 (Salmon et al., SC
 * 2011, section 3.3).
 *
 * <p>The key is the seed; the 128-bit counter is made of the domain, the block number within the
 * stream, the epoch, the view and the id. Two streams with different coordinates never share a
 * block.
 */
public final class CounterRandom {

  /** What a stream is for. The tag is part of every result: never change one. */
  public enum Domain {
    /** Operations of one view; id is the example's id. */
    VIEW(0),
    /** Order of the examples of one epoch. */
    SHUFFLE(1),
    /** Initial values of one variable; id is the variable's number. */
    INITIALIZATION(2),
    /** Initial row of a memory bank, a queue, prototypes, which view tells apart; id is the row. */
    MEMORY_BANK(3),
    /** Choice of a hold-out. */
    HOLDOUT(4),
    /** k-means; id is the restart, view 0 its start, view 1 its splits of clusters. */
    CLUSTERING(5),
    /**
     * Choices within a step: for one example, or for a batch by its first one; id is its number.
     */
    NOISE(6),
    /** Choice of the examples that an epoch looks at; id is the example's number. */
    EPOCH_PLAN(7),
    /** Samples of rows; id tells what for. */
    ROW_SAMPLE(8);

    private final int tag;

    Domain(int tag) {
      this.tag = tag;
    }
  }

  /** Most epochs that a stream's name can tell apart. */
  public static final int MAX_EPOCHS = 1 << 24;

  /** Most views that a stream's name can tell apart. */
  public static final int MAX_VIEWS = 1 << 8;

  /** Most 32-bit draws of one stream; a double takes two. */
  public static final int MAX_DRAWS = 1 << 26;

  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final int MAX_BLOCKS = MAX_DRAWS / 4;
  private static final double DOUBLE_UNIT = 0x1.0p-53;
  private static final float FLOAT_UNIT = 0x1.0p-24f;

  private final int domain;
  private final long seed;
  private final int epochAndView;
  private final long id;
  private final int[] block = new int[4];
  private int blocks;
  private int used = 4;

  /**
   * Opens a stream at its start.
   *
   * @param domain what it is for
   * @param seed any value
   * @param epoch 0 to {@link #MAX_EPOCHS} - 1
   * @param id any value
   * @param view 0 to {@link #MAX_VIEWS} - 1
   */
  public CounterRandom(Domain domain, long seed, int epoch, long id, int view) {
    if (epoch < 0 || epoch >= MAX_EPOCHS) {
      throw new IllegalArgumentException(
          "epoch is " + epoch + ", valid is 0 to " + (MAX_EPOCHS - 1));
    }
    if (view < 0 || view >= MAX_VIEWS) {
      throw new IllegalArgumentException("view is " + view + ", valid is 0 to " + (MAX_VIEWS - 1));
    }
    this.domain = domain.tag;
    this.seed = seed;
    this.epochAndView = epoch << 8 | view;
    this.id = id;
  }

  /** Returns 32 random bits. */
  public int nextInt() {
    if (used == 4) {
      if (blocks == MAX_BLOCKS) {
        throw new IllegalStateException("a stream ends after " + MAX_DRAWS + " draws");
      }
      block[0] = domain << 24 | blocks++;
      block[1] = epochAndView;
      block[2] = (int) id;
      block[3] = (int) (id >>> 32);
      philox(block, (int) seed, (int) (seed >>> 32));
      used = 0;
    }
    return block[used++];
  }

  /**
   * Returns an integer uniform in [0, bound), without bias (Lemire's multiplication with
   * rejection).
   *
   * @param bound 1 or more
   */
  public int nextInt(int bound) {
    if (bound < 1) {
      throw new IllegalArgumentException("bound is " + bound + ", valid is 1 or more");
    }
    long product = (nextInt() & 0xFFFFFFFFL) * bound;
    if ((product & 0xFFFFFFFFL) < bound) {
      long threshold = (1L << 32) % bound;
      while ((product & 0xFFFFFFFFL) < threshold) {
        product = (nextInt() & 0xFFFFFFFFL) * bound;
      }
    }
    return (int) (product >>> 32);
  }

  /** Returns a float uniform in [0, 1), a multiple of 2^-24. */
  public float nextFloat() {
    return (nextInt() >>> 8) * FLOAT_UNIT;
  }

  /** Returns a double uniform in [0, 1), a multiple of 2^-53. */
  public double nextDouble() {
    long high = nextInt() & 0xFFFFFFFFL;
    long low = nextInt() & 0xFFFFFFFFL;
    return ((high << 32 | low) >>> 11) * DOUBLE_UNIT;
  }

  /** Returns a double uniform in [low, high). */
  public double uniform(double low, double high) {
    return low + (high - low) * nextDouble();
  }

  /** Permutes all of {@code values}, every permutation equally likely (Fisher and Yates). */
  public void shuffle(int[] values) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = nextInt(i + 1);
      int swap = values[i];
      values[i] = values[j];
      values[j] = swap;
    }
  }

  /**
   * Draws some of {@code values} without replacement and puts them first, in the order of the
   * draws: the first steps of a shuffle.
   *
   * @param count how many, 0 to their number
   */
  public void draw(int[] values, int count) {
    for (int i = 0; i < count; i++) {
      int j = i + nextInt(values.length - i);
      int drawn = values[j];
      values[j] = values[i];
      values[i] = drawn;
    }
  }

  /** Replaces the four counter words by the four random words of this counter and key. */
  static void philox(int[] words, int key0, int key1) {
    int w0 = words[0];
    int w1 = words[1];
    int w2 = words[2];
    int w3 = words[3];
    int k0 = key0;
    int k1 = key1;
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (w0 & 0xFFFFFFFFL);
      long product1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (w2 & 0xFFFFFFFFL);
      int n0 = (int) (product1 >>> 32) ^ w1 ^ k0;
      int n2 = (int) (product0 >>> 32) ^ w3 ^ k1;
      w0 = n0;
      w1 = (int) product1;
      w2 = n2;
      w3 = (int) product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    words[0] = w0;
    words[1] = w1;
    words[2] = w2;
    words[3] = w3;
  }
}
