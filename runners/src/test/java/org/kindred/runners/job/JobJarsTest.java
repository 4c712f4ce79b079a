package org.kindred.runners.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.util.List;
import org.junit.jupiter.api.Test;

final class JobJarsTest {

  @Test
  void kindredBeamAndWhatTheUserAddedTravel() {
    List<String> stay = List.of("tensorflow-core-api-1.1.0.jar", "flink-runtime-1.19.3.jar");
    assertThat(JobJars.clusterLibraries()).containsAll(stay);
    List<String> travel =
        List.of(
            "/k/stages/target/classes",
            "/k/kindred-runners-0.1.0-SNAPSHOT.jar",
            "/m2/beam-sdks-java-core-2.70.0.jar",
            "/home/me/my-stage.jar");
    String classPath =
        String.join(
            File.pathSeparator,
            "/k/stages/target/classes",
            "/k/kindred-runners-0.1.0-SNAPSHOT.jar",
            "/m2/" + stay.get(0),
            "",
            "/m2/beam-sdks-java-core-2.70.0.jar",
            "/m2/beam-runners-direct-java-2.70.0.jar",
            "/elsewhere/" + stay.get(1),
            "/home/me/my-stage.jar",
            "/home/me/my-stage.jar");
    assertThat(JobJars.of(classPath)).isEqualTo(travel);
  }

  @Test
  void everyLibraryIsEitherInTheClusterOrTravels() {
    List<String> travel = JobJars.list();
    assertThat(travel).anyMatch(entry -> entry.contains("beam-sdks-java-core"));
    assertThat(travel).noneMatch(entry -> entry.contains("tensorflow"));
    assertThat(JobJars.clusterLibraries())
        .anyMatch(name -> name.startsWith("beam-vendor-grpc"))
        .noneMatch(name -> name.startsWith("beam-sdks"))
        .noneMatch(name -> name.startsWith("kindred-"));
  }
}
