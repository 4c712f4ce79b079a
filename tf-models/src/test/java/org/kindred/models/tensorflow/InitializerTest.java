package org.kindred.models.tensorflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

final class InitializerTest {

  private static float[] drawn(Initializer initializer, int count, long seed, int number) {
    float[] values = new float[count];
    initializer.fill(FloatBuffer.wrap(values), seed, number);
    return values;
  }

  @Test
  void normalHasTheMomentsOfANormalDistribution() {
    float[] values = drawn(Initializer.normal(0.5), 200_000, 3, 1);
    double[] moments = new double[4];
    for (float value : values) {
      double power = 1;
      for (int i = 0; i < 4; i++) {
        power *= value / 0.5;
        moments[i] += power / values.length;
      }
    }
    // Six standard errors: sqrt(1, 2, 15, 96) / sqrt(200,000).
    assertThat(moments[0]).isCloseTo(0, within(0.0134));
    assertThat(moments[1]).isCloseTo(1, within(0.019));
    assertThat(moments[2]).isCloseTo(0, within(0.052));
    assertThat(moments[3]).isCloseTo(3, within(0.132));
  }

  @Test
  void drawsAreAFunctionOfSeedAndNumber() {
    Initializer normal = Initializer.normal(1);
    float[] values = drawn(normal, 10, 3, 1);
    assertThat(drawn(normal, 10, 3, 1)).isEqualTo(values);
    assertThat(drawn(normal, 10, 4, 1)).isNotEqualTo(values);
    assertThat(drawn(normal, 10, 3, 2)).isNotEqualTo(values);
    assertThat(values).doesNotHaveDuplicates();
  }

  /** AlexNet's fc6 has more elements than a stream has draws. */
  @Test
  void aTensorThatIsLongerThanAStreamGoesOnWithTheNext() {
    int stream = CounterRandom.MAX_DRAWS / 2;
    float[] values = drawn(Initializer.uniform(2), stream + 2, 3, 1);
    CounterRandom next = new CounterRandom(Domain.INITIALIZATION, 3, 0, 1, 1);
    assertThat(values[stream]).isEqualTo((float) next.uniform(-2, 2));
    assertThat(values[stream + 1]).isEqualTo((float) next.uniform(-2, 2));
    assertThat(values[stream - 1]).isNotZero();
  }
}
