package liquibase.ext.partition;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the packages; see the engine's package page. */
@AnalyzeClasses(packages = "liquibase.ext.partition", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ROOT = "liquibase.ext.partition";

    private static final DescribedPredicate<JavaClass> LIQUIBASE =
            resideInAPackage("liquibase..").and(not(resideInAPackage(ROOT + "..")));

    @ArchTest
    static final ArchRule theEngineKnowsNothingOfLiquibase =
            noClasses().that().resideInAPackage(ROOT + ".engine..").should().dependOnClassesThat(LIQUIBASE);

    @ArchTest
    static final ArchRule theEngineKnowsNothingOfItsCallers = noClasses()
            .that()
            .resideInAPackage(ROOT + ".engine..")
            .should()
            .dependOnClassesThat(resideInAPackage(ROOT + "..").and(not(resideInAPackage(ROOT + ".engine.."))));

    @ArchTest
    static final ArchRule onlyTheOutermostPackagesKnowLiquibase = classes()
            .that()
            .resideOutsideOfPackages(
                    ROOT + ".attribute..",
                    ROOT + ".change..",
                    ROOT + ".precondition..",
                    ROOT + ".command..",
                    ROOT + ".connection..")
            .should()
            .onlyDependOnClassesThat(not(LIQUIBASE));

    /** Both read it, so it knows neither. */
    @ArchTest
    static final ArchRule attributesKnowNoneOfTheirReaders = noClasses()
            .that()
            .resideInAPackage(ROOT + ".attribute..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(ROOT + ".change..", ROOT + ".precondition..", ROOT + ".command..");

    /** One jar that people drop into lib/. */
    @ArchTest
    static final ArchRule nothingButTheJdkLiquibaseAndTheDriverIsNeeded = classes()
            .should()
            .onlyDependOnClassesThat(
                    resideInAnyPackage("java..", "javax..", "liquibase..", "org.postgresql..", ROOT + ".."));

    @ArchTest
    static final ArchRule insideTheEngineArrowsPointDownwards = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("prepare")
            .definedBy(ROOT + ".engine.prepare..")
            .layer("survey")
            .definedBy(ROOT + ".engine.survey..")
            .layer("copy")
            .definedBy(ROOT + ".engine.copy..")
            .layer("index")
            .definedBy(ROOT + ".engine.index..")
            .layer("verify")
            .definedBy(ROOT + ".engine.verify..")
            .layer("restart")
            .definedBy(ROOT + ".engine.restart..")
            .layer("swap")
            .definedBy(ROOT + ".engine.swap..")
            .layer("delta")
            .definedBy(ROOT + ".engine.delta..")
            .layer("run")
            .definedBy(ROOT + ".engine.run..")
            .layer("pace")
            .definedBy(ROOT + ".engine.pace..")
            .layer("lock")
            .definedBy(ROOT + ".engine.lock..")
            .layer("link")
            .definedBy(ROOT + ".engine.link..")
            .layer("state")
            .definedBy(ROOT + ".engine.state..")
            .layer("target")
            .definedBy(ROOT + ".engine.target..")
            .layer("time")
            .definedBy(ROOT + ".engine.time..")
            .layer("catalog")
            .definedBy(ROOT + ".engine.catalog..")
            .layer("sql")
            .definedBy(ROOT + ".engine.sql..")
            .whereLayer("prepare")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("survey")
            .mayOnlyBeAccessedByLayers("prepare")
            .whereLayer("restart")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("copy")
            .mayOnlyBeAccessedByLayers("restart")
            .whereLayer("index")
            .mayOnlyBeAccessedByLayers("restart")
            .whereLayer("swap")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("verify")
            .mayOnlyBeAccessedByLayers("swap", "restart")
            .whereLayer("delta")
            .mayOnlyBeAccessedByLayers("copy", "verify", "swap", "restart")
            .whereLayer("run")
            .mayOnlyBeAccessedByLayers("prepare", "copy", "index", "verify", "swap", "restart", "delta")
            .whereLayer("state")
            .mayOnlyBeAccessedByLayers(
                    "prepare", "survey", "copy", "index", "verify", "swap", "restart", "delta", "run", "pace")
            .whereLayer("pace")
            .mayOnlyBeAccessedByLayers("copy", "verify", "swap", "delta", "run")
            .whereLayer("lock")
            .mayOnlyBeAccessedByLayers("prepare", "survey", "swap", "delta", "run")
            .whereLayer("link")
            .mayOnlyBeAccessedByLayers("run")
            .whereLayer("target")
            .mayOnlyBeAccessedByLayers(
                    "prepare", "survey", "copy", "index", "verify", "swap", "restart", "delta", "run", "state")
            .whereLayer("time")
            .mayOnlyBeAccessedByLayers("target", "delta", "prepare", "survey")
            .whereLayer("catalog")
            .mayOnlyBeAccessedByLayers(
                    "prepare", "survey", "copy", "index", "verify", "swap", "restart", "delta", "run", "state",
                    "target");

    @ArchTest
    static final ArchRule noPackagesGoRoundInACircle =
            slices().matching(ROOT + ".(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule sqlIsAtTheBottom = noClasses()
            .that()
            .resideInAPackage(ROOT + ".engine.sql..")
            .should()
            .dependOnClassesThat(resideInAPackage(ROOT + "..").and(not(resideInAPackage(ROOT + ".engine.sql.."))));

    @ArchTest
    static final ArchRule aClassIsNamedForWhatItIs = noClasses()
            .should()
            .haveSimpleNameEndingWith("Manager")
            .orShould()
            .haveSimpleNameEndingWith("Helper")
            .orShould()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameEndingWith("Utils");
}
