package liquibase.ext.partition;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.routing.row.RoutedTable;

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
                    ROOT + ".step..",
                    ROOT + ".statement..",
                    ROOT + ".change..",
                    ROOT + ".precondition..",
                    ROOT + ".command..",
                    ROOT + ".connection..")
            .should()
            .onlyDependOnClassesThat(not(LIQUIBASE));

    /** Changes and preconditions read them, so they know neither. */
    @ArchTest
    static final ArchRule attributesAndStepsKnowNoneOfTheirReaders = noClasses()
            .that()
            .resideInAnyPackage(ROOT + ".attribute..", ROOT + ".step..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    ROOT + ".statement..", ROOT + ".change..", ROOT + ".precondition..", ROOT + ".command..");

    @ArchTest
    static final ArchRule onlyChangesAreMadeOfStatements = noClasses()
            .that()
            .resideOutsideOfPackages(ROOT + ".change..", ROOT + ".statement..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT + ".statement..");

    @ArchTest
    static final ArchRule statementsKnowNoChangeAndNoPrecondition = noClasses()
            .that()
            .resideInAPackage(ROOT + ".statement..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(ROOT + ".change..", ROOT + ".precondition..", ROOT + ".command..");

    /** The generator reads it, and does not have Liquibase. */
    @ArchTest
    static final ArchRule settingsAreDescribedWithoutLiquibase = classes()
            .that()
            .belongToAnyOf(TuningAttribute.class, StepName.class, Attributes.class)
            .should()
            .onlyDependOnClassesThat(not(LIQUIBASE));

    @ArchTest
    static final ArchRule attributesKnowNoStep = noClasses()
            .that()
            .resideInAPackage(ROOT + ".attribute..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT + ".step..");

    /** Not even the one that has the attributes of a change, which it asks as a step. */
    @ArchTest
    static final ArchRule preconditionsKnowNoChange = noClasses()
            .that()
            .resideInAPackage(ROOT + ".precondition..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT + ".change..");

    @ArchTest
    static final ArchRule changesKnowNoPrecondition = noClasses()
            .that()
            .resideInAPackage(ROOT + ".change..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT + ".precondition..");

    @ArchTest
    static final ArchRule anOptionalIsNoParameter = OptionalRules.NO_PARAMETER;

    @ArchTest
    static final ArchRule anOptionalIsNoField = OptionalRules.NO_FIELD;

    /** The extension is one jar that people drop into lib/. */
    @ArchTest
    static final ArchRule nothingButTheJdkLiquibaseAndTheDriverIsNeeded = classes()
            .should()
            .onlyDependOnClassesThat(
                    resideInAnyPackage("java..", "javax..", "liquibase..", "org.postgresql..", ROOT + ".."));

    /** Each room of the engine may use those that come after it, and none that comes before. */
    private static final List<String> ROOMS = List.of(
            "restart",
            "prepare",
            "survey",
            "exchange",
            "retirement",
            "upkeep",
            "swap",
            "refusal",
            "copy",
            "index",
            "verify",
            "belonging",
            "delta",
            "rows",
            "run",
            "pace",
            "lock",
            "link",
            "state",
            "newtable",
            "routing",
            "partitioning",
            "time",
            "catalog",
            "access",
            "name",
            "sql");

    /** The same inside a room that has rooms of its own. */
    private static final List<List<String>> INNER_ROOMS = List.of(
            List.of("catalog.properties", "catalog", "catalog.server"),
            List.of("belonging.foreignkeys", "belonging.foreignkeys.triggers", "belonging.foreignkeys.read"),
            List.of("delta.replay", "delta"),
            List.of("retirement", "retirement.archive"),
            List.of("retirement", "retirement.move"),
            List.of("routing", "routing.insert", "routing.update", "routing.row"),
            List.of("survey", "survey.sample"));

    @ArchTest
    static void insideARoomArrowsPointDownwards(JavaClasses classes) {
        for (List<String> rooms : INNER_ROOMS) {
            for (int i = 1; i < rooms.size(); i++) {
                noClasses()
                        .that()
                        .resideInAPackage(ROOT + ".engine." + rooms.get(i))
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(rooms.subList(0, i).stream()
                                .map(name -> ROOT + ".engine." + name)
                                .toArray(String[]::new))
                        .check(classes);
            }
        }
    }

    @ArchTest
    static void insideTheEngineArrowsPointDownwards(JavaClasses classes) {
        for (int i = 1; i < ROOMS.size(); i++) {
            noClasses()
                    .that()
                    .resideInAPackage(room(ROOMS.get(i)))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(ROOMS.subList(0, i).stream()
                            .map(ArchitectureTest::room)
                            .toArray(String[]::new))
                    .check(classes);
        }
    }

    /** The rooms inside are made for it alone; others say with {@code RoutedTable} what is to be routed. */
    @ArchTest
    static final ArchRule othersCallTheRoutingByItsOwnRoom = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + ".engine.routing..")
            .should()
            .dependOnClassesThat(
                    resideInAPackage(ROOT + ".engine.routing.*..").and(not(belongToAnyOf(RoutedTable.class))));

    /** Steps meet in the tables and the records, not in each other; who may know which is said here. */
    @ArchTest
    static void aStepKnowsFewOthers(JavaClasses classes) {
        Map<String, List<String>> known = Map.ofEntries(
                Map.entry("restart", List.of()),
                Map.entry("prepare", List.of()),
                Map.entry("exchange", List.of()),
                Map.entry("swap", List.of("exchange", "retirement.move")),
                Map.entry("survey", List.of("prepare")),
                Map.entry("copy", List.of("restart")),
                Map.entry("index", List.of("restart")),
                Map.entry("verify", List.of("restart", "exchange", "swap", "upkeep", "retirement")),
                Map.entry("upkeep", List.of("exchange", "retirement")),
                Map.entry("retirement", List.of()),
                Map.entry(
                        "delta",
                        List.of(
                                "restart",
                                "exchange",
                                "swap",
                                "upkeep",
                                "retirement",
                                "copy",
                                "verify",
                                "refusal",
                                "belonging")));
        known.forEach((name, by) -> noClasses()
                .that()
                .resideInAPackage(ROOT + ".engine..")
                .and()
                .resideOutsideOfPackages(Stream.concat(Stream.of(name), by.stream())
                        .map(ArchitectureTest::room)
                        .toArray(String[]::new))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(room(name))
                .check(classes));
    }

    @ArchTest
    static final ArchRule everyRoomOfTheEngineHasItsPlace = classes()
            .that()
            .resideInAPackage(ROOT + ".engine..")
            .should()
            .resideInAnyPackage(
                    Stream.concat(Stream.of(ROOT + ".engine"), ROOMS.stream().map(ArchitectureTest::room))
                            .toArray(String[]::new));

    private static String room(String name) {
        return ROOT + ".engine." + name + "..";
    }

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
