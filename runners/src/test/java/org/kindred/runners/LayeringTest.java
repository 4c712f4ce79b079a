package org.kindred.runners;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Doors open one way only: runners -> pipelines -> stages -> tf-models -> proto. */
@AnalyzeClasses(packages = "org.kindred", importOptions = DoNotIncludeTests.class)
final class LayeringTest {
  private static final String PROTO = "org.kindred.proto..";
  private static final String MODELS = "org.kindred.models..";
  private static final String STAGES = "org.kindred.stages..";
  private static final String STORES = "org.kindred.store..";
  private static final String PIPELINES = "org.kindred.pipelines..";
  private static final String RUNNERS = "org.kindred.runners..";

  @ArchTest
  static final ArchRule PROTO_KNOWS_NOBODY =
      noClasses()
          .that()
          .resideInAPackage(PROTO)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(MODELS, STAGES, STORES, PIPELINES, RUNNERS);

  @ArchTest
  static final ArchRule MODELS_KNOW_PROTO_ALONE =
      noClasses()
          .that()
          .resideInAPackage(MODELS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(STAGES, STORES, PIPELINES, RUNNERS);

  @ArchTest
  static final ArchRule STAGES_DO_NOT_KNOW_WHO_RUNS_THEM =
      noClasses()
          .that()
          .resideInAPackage(STAGES)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(STORES, PIPELINES, RUNNERS);

  @ArchTest
  static final ArchRule PIPELINES_DO_NOT_KNOW_RUNNERS =
      noClasses()
          .that()
          .resideInAPackage(PIPELINES)
          .should()
          .dependOnClassesThat()
          .resideInAPackage(RUNNERS);

  @ArchTest
  static final ArchRule NO_BEAM_FLINK_OR_ARROW_BELOW_STAGES =
      noClasses()
          .that()
          .resideInAnyPackage(PROTO, MODELS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.beam..", "org.apache.flink..", "org.apache.arrow..");

  @ArchTest
  static final ArchRule FLINK_IN_RUNNERS_ALONE =
      noClasses()
          .that()
          .resideOutsideOfPackage(RUNNERS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.flink..", "org.apache.beam.runners..");

  @ArchTest
  static final ArchRule TENSORFLOW_IN_MODELS_ALONE =
      noClasses()
          .that()
          .resideOutsideOfPackage(MODELS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.tensorflow..", "org.bytedeco..");

  @ArchTest
  static final ArchRule STAGES_DO_NOT_IMPORT_ONE_ANOTHER =
      slices()
          .matching("org.kindred.stages.(ingest|augment|pretrain|extract|graph|cluster|evaluate)..")
          .should()
          .notDependOnEachOther();

  @ArchTest
  static final ArchRule PACKAGES_HAVE_NO_CYCLES =
      slices().matching("org.kindred.(*).(**)").should().beFreeOfCycles();
}
