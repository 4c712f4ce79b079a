package org.kindred.models.classification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;

final class ClassAccuracyTest {

  @Test
  void goldenRanking() {
    Golden golden = Golden.only("probe_metrics", "topk");
    JsonNode logits = golden.inputs().required("logits");
    int[] labels = Golden.ints(golden.inputs().required("labels"));
    ClassAccuracy accuracy = new ClassAccuracy(4);
    for (int row = 0; row < labels.length; row++) {
      double[] scores = Golden.doubles(logits.get(row));
      int[] ranking = Golden.ints(golden.expected().required("ranking").get(row));
      for (int place = 0; place < ranking.length; place++) {
        assertThat(ClassRanking.rank(scores, ranking[place])).isEqualTo(place);
      }
      assertThat(ClassRanking.first(scores)).isEqualTo(ranking[0]);
      accuracy.add(scores, labels[row]);
    }
    assertThat(accuracy.top(1)).isEqualTo(golden.expected().required("top1").doubleValue());
    assertThat(accuracy.top(2)).isEqualTo(golden.expected().required("top2").doubleValue());
    assertThat(accuracy.top(4)).isEqualTo(1);
  }

  @Test
  void goldenMeanOverThePresentClasses() {
    Golden golden = Golden.only("probe_metrics", "mean_per_class");
    int[] labels = Golden.ints(golden.inputs().required("labels"));
    int[] predicted = Golden.ints(golden.inputs().required("pred"));
    ClassAccuracy accuracy = new ClassAccuracy(golden.inputs().required("classes").intValue());
    for (int row = 0; row < labels.length; row++) {
      double[] scores = new double[4];
      scores[predicted[row]] = 1;
      accuracy.add(scores, labels[row]);
    }
    JsonNode expected = golden.expected();
    assertThat(accuracy.meanPerClass())
        .isCloseTo(expected.required("present_only").doubleValue(), within(1e-12));
    assertThat(accuracy.top(1))
        .isCloseTo(expected.required("accuracy").doubleValue(), within(1e-12));
  }

  @Test
  void namesWhatIsWrong() {
    ClassAccuracy accuracy = new ClassAccuracy(3);
    assertThatThrownBy(() -> accuracy.top(1)).hasMessageContaining("no example was counted");
    assertThatThrownBy(accuracy::meanPerClass).hasMessageContaining("no example was counted");
    assertThatThrownBy(() -> accuracy.add(new double[3], 3))
        .hasMessage("label is 3, valid is 0 to 2");
    assertThatThrownBy(() -> accuracy.add(new double[3], -1)).hasMessageContaining("label is -1");
    assertThatThrownBy(() -> accuracy.add(new double[2], 0))
        .hasMessage("2 scores, valid are 3, one for each class");
    assertThatThrownBy(() -> accuracy.top(4)).hasMessage("k is 4, valid is 1 to 3");
    assertThatThrownBy(() -> accuracy.top(0)).hasMessage("k is 0, valid is 1 to 3");
    assertThatThrownBy(() -> new ClassAccuracy(0)).hasMessageContaining("classes is 0");
  }
}
