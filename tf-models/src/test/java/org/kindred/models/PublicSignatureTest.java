package org.kindred.models;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import org.kindred.models.tensorflow.Sessions;
import org.tensorflow.Graph;

/** What other modules use is free of TensorFlow's types; every graph is made in one place. */
@AnalyzeClasses(
    packages = "org.kindred.models",
    importOptions = ImportOption.DoNotIncludeTests.class)
final class PublicSignatureTest {

  private static final String[] OFFERED = {
    "org.kindred.models.training",
    "org.kindred.models.inference",
    "org.kindred.models.linalg",
    "org.kindred.models.clustering",
    "org.kindred.models.classification",
    "org.kindred.models.neighbors",
    "org.kindred.models.probe",
    "org.kindred.models.safetensors",
    "org.kindred.models.random",
  };

  private static final DescribedPredicate<JavaClass> TENSORFLOW =
      resideInAPackage("org.tensorflow..");

  private static final DescribedPredicate<List<JavaClass>> NAMES_TENSORFLOW =
      DescribedPredicate.describe(
          "name TensorFlow types", types -> types.stream().anyMatch(TENSORFLOW));

  @ArchTest
  static final ArchRule PARAMETERS =
      codeUnits()
          .that()
          .arePublic()
          .and()
          .areDeclaredInClassesThat()
          .arePublic()
          .and()
          .areDeclaredInClassesThat()
          .resideInAnyPackage(OFFERED)
          .should()
          .haveRawParameterTypes(are(not(NAMES_TENSORFLOW)));

  @ArchTest
  static final ArchRule RETURN_TYPES =
      codeUnits()
          .that()
          .arePublic()
          .and()
          .areDeclaredInClassesThat()
          .arePublic()
          .and()
          .areDeclaredInClassesThat()
          .resideInAnyPackage(OFFERED)
          .should()
          .haveRawReturnType(are(not(TENSORFLOW)));

  /** That loads CUDA's libraries before TensorFlow's, which looks for them when it is loaded. */
  @ArchTest
  static final ArchRule GRAPHS =
      noClasses().that().doNotBelongToAnyOf(Sessions.class).should().callConstructor(Graph.class);
}
