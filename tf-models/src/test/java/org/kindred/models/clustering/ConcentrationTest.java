package org.kindred.models.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;

final class ConcentrationTest {

  @Test
  void agreesWithTheGoldenCase() {
    Golden golden = Golden.only("baselines", "pcl_density");
    assertThat(golden.inputs().required("alpha").asInt()).isEqualTo(10);
    JsonNode distances = golden.inputs().required("distances");
    float[] squared = Golden.floats(distances);
    int[] assignments = new int[squared.length];
    int row = 0;
    for (int cluster = 0; cluster < distances.size(); cluster++) {
      for (int i = 0; i < distances.get(cluster).size(); i++) {
        assignments[row] = cluster;
        squared[row] *= squared[row];
        row++;
      }
    }
    double temperature = golden.inputs().required("tau").asDouble();
    float[] phi = Concentration.of(assignments, squared, distances.size(), temperature);
    golden.check(phi, golden.expected().required("phi"));
    // The suite's tolerance is a tenth of what sets the two values apart.
    assertThat(phi[1] / phi[0]).isCloseTo(1.0256f, within(1e-4f));
  }

  /** Of five clusters, four: ln(12) and ln(13) stand for two and three rows. */
  @Test
  void clustersWithoutAnExtentTakeTheGreatest() {
    int[] assignments = {0, 0, 0, 1, 1, 2, 4, 4};
    float[] squared = {1, 1, 1, 4, 4, 25, 0, 0};
    float[] phi = Concentration.of(assignments, squared, 5, 1);
    assertThat(phi[1]).isEqualTo(phi[2]).isEqualTo(phi[3]).isEqualTo(phi[4]);
    double low = 1 / Math.log(13);
    double high = 2 / Math.log(12);
    double clipped = low + 0.4 * (high - low);
    assertThat(phi[1] / phi[0]).isCloseTo((float) (high / clipped), within(1e-5f));
    double mean = (phi[0] + phi[1] + phi[2] + phi[3] + phi[4]) / 5;
    assertThat(mean).isCloseTo(1, within(1e-6));
  }

  @Test
  void extremesAreClipped() {
    int clusters = 21;
    int[] assignments = new int[2 * clusters];
    float[] squared = new float[2 * clusters];
    for (int row = 0; row < assignments.length; row++) {
      assignments[row] = row % clusters;
      double distance = row % clusters == 20 ? 1000 : 1 + row % clusters;
      squared[row] = (float) (distance * distance);
    }
    float[] phi = Concentration.of(assignments, squared, clusters, 0.2);
    float[] sorted = phi.clone();
    Arrays.sort(sorted);
    assertThat(phi[0]).isEqualTo(phi[1]).isEqualTo(phi[2]).isLessThan(phi[3]);
    assertThat(phi[20]).isEqualTo(phi[18]).isEqualTo(phi[19]).isGreaterThan(phi[17]);
    assertThat(phi[18] / phi[2]).isCloseTo(19f / 3, within(1e-5f));
  }

  @Test
  void withoutAnyExtentAllAreTheTemperature() {
    assertThat(Concentration.of(new int[] {0, 1, 1}, new float[3], 3, 0.2))
        .containsExactly(0.2f, 0.2f, 0.2f);
    assertThat(Concentration.of(new int[0], new float[0], 1, 0.1)).containsExactly(0.1f);
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> Concentration.of(new int[1], new float[1], 1, 0))
        .hasMessage("temperature is 0.0, valid is above 0");
    assertThatThrownBy(() -> Concentration.of(new int[1], new float[1], 0, 1))
        .hasMessage("clusters is 0, valid is 1 or more");
    assertThatThrownBy(() -> Concentration.of(new int[2], new float[1], 1, 1))
        .hasMessage("there are 1 distances, valid is one for each of 2 rows");
  }
}
