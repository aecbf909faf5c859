package liquibase.ext.partition.generator;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import liquibase.ext.partition.OptionalRules;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.exchange.ExchangeOutlook;
import liquibase.ext.partition.engine.exchange.ExchangeSpec;
import liquibase.ext.partition.engine.retirement.RetirementStatus;
import liquibase.ext.partition.engine.retirement.RetirementWay;
import liquibase.ext.partition.engine.upkeep.MissingPartitions;
import org.junit.jupiter.api.Test;

/** The arrows between the generator's packages. */
class ArchitectureTest {
    private static final String GENERATOR = "liquibase.ext.partition.generator..";
    private static final String CLI = "liquibase.ext.partition.generator.cli..";
    private static final String CHANGELOG = "liquibase.ext.partition.generator.changelog..";
    private static final String CONFIG = "liquibase.ext.partition.generator.config..";
    private static final String CONFIG_DOCUMENT = "liquibase.ext.partition.generator.config.document..";
    private static final String CONFIG_READ = "liquibase.ext.partition.generator.config.read..";
    private static final String INSPECT = "liquibase.ext.partition.generator.inspect..";
    private static final String PLAN = "liquibase.ext.partition.generator.plan..";
    private static final String ENGINE = "liquibase.ext.partition.engine";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("liquibase.ext.partition.generator");

    @Test
    void anOptionalIsNoParameterAndNoField() {
        OptionalRules.NO_PARAMETER.check(CLASSES);
        OptionalRules.NO_FIELD.check(CLASSES);
    }

    @Test
    void configKnowsNoneOfItsCallers() {
        noClasses()
                .that()
                .resideInAPackage(CONFIG)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(CLI, CHANGELOG, INSPECT, PLAN)
                .check(CLASSES);
    }

    @Test
    void theValuesOfAConfigDoNotKnowWhoReadsThemAndOnlyTheCommandLineReadsAConfig() {
        noClasses()
                .that()
                .resideOutsideOfPackages(CONFIG_READ, CONFIG_DOCUMENT, CLI)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(CONFIG_READ, CONFIG_DOCUMENT)
                .check(CLASSES);
    }

    @Test
    void theFileOfAConfigIsReadWithoutKnowingItsKeys() {
        noClasses()
                .that()
                .resideInAPackage(CONFIG_DOCUMENT)
                .should()
                .dependOnClassesThat(resideInAPackage("liquibase..").and(not(resideInAPackage(CONFIG_DOCUMENT))))
                .check(CLASSES);
    }

    @Test
    void nothingDependsOnTheCommandLine() {
        noClasses()
                .that()
                .resideOutsideOfPackage(CLI)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(CLI, "picocli..")
                .check(CLASSES);
    }

    @Test
    void onlyChangelogKnowsFreemarker() {
        noClasses()
                .that()
                .resideOutsideOfPackage(CHANGELOG)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("freemarker..")
                .check(CLASSES);
    }

    @Test
    void ofTheExtensionOnlyWhatReadsAndPlansAndRestoresIsUsedAndOfLiquibaseNothing() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage("liquibase..")
                        .and(not(readsAlone()))
                        .and(not(resideInAnyPackage(
                                GENERATOR,
                                ENGINE,
                                ENGINE + ".survey..",
                                ENGINE + ".retirement.archive..",
                                ENGINE + ".refusal..",
                                ENGINE + ".state..",
                                ENGINE + ".newtable..",
                                ENGINE + ".partitioning..",
                                ENGINE + ".belonging..",
                                ENGINE + ".name..",
                                ENGINE + ".pace..",
                                ENGINE + ".time..",
                                ENGINE + ".catalog..",
                                ENGINE + ".sql.."))))
                .check(CLASSES);
    }

    /** Classes without Liquibase, as a test of the extension ensures, that change nothing, in packages that do. */
    private static DescribedPredicate<JavaClass> readsAlone() {
        return belongToAnyOf(
                TuningAttribute.class,
                MissingPartitions.class,
                RetirementStatus.class,
                RetirementWay.class,
                ExchangeSpec.class,
                ExchangeOutlook.class);
    }

    @Test
    void packagesFormNoCycles() {
        slices().matching("liquibase.ext.partition.generator.(**)")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }
}
