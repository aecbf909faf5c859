package liquibase.ext.partition.attribute;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.pace.PaceSetting;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.swap.OnOldTransactions;
import liquibase.ext.partition.engine.swap.SwapSettings;
import org.junit.jupiter.api.Test;

/** The description of a setting agrees with the engine and with the README. */
class TuningAttributeTest {
    private static final Path README = Path.of("../README.md");
    private static final String HEADING = "| key | meaning | where not given | steps |";

    /** The steps by the words of the README. */
    private static final Map<String, Set<StepName>> STEPS = Map.ofEntries(
            Map.entry("first step", Set.of(StepName.CREATE_PARTITIONED_TABLE)),
            Map.entry("capture", Set.of(StepName.CAPTURE_CHANGES)),
            Map.entry("copy", Set.of(StepName.CHUNKED_COPY)),
            Map.entry("indexes", Set.of(StepName.BUILD_INDEXES)),
            Map.entry("replay", Set.of(StepName.REPLAY_CHANGES, StepName.APPROVED)),
            Map.entry("comparisons", Set.of(StepName.VERIFY_COPY, StepName.BACKUP_VERIFIED, StepName.DROP_BACKUP)),
            // The comparison of verifyCopy, and the one that the swap makes if that is out of date.
            Map.entry("comparison before the swap", Set.of(StepName.VERIFY_COPY, StepName.LOCKED_SWAP)),
            Map.entry("all that take long", StepName.LONG),
            Map.entry("swap", Set.of(StepName.LOCKED_SWAP)),
            Map.entry("exchange", Set.of(StepName.EXCHANGE_PARTITIONS)),
            Map.entry("drop", Set.of(StepName.DROP_BACKUP)),
            Map.entry("partitions ahead", Set.of(StepName.ADD_PARTITIONS)),
            Map.entry("retirement", Set.of(StepName.RETIRE_PARTITIONS, StepName.DROP_RETIRED_PARTITIONS)));

    private static Tuning tuning(TuningAttribute... settings) {
        Tuning tuning = new Tuning();
        for (TuningAttribute setting : settings) {
            tuning.set(setting, setting.standard().orElseThrow());
        }
        return tuning;
    }

    @Test
    void aDefaultIsWhatTheEngineDoesWhereNothingIsGiven() {
        Tuning nothing = new Tuning();

        assertThat(tuning(TuningAttribute.WORKERS).workers()).isEqualTo(nothing.workers());
        assertThat(tuning(TuningAttribute.CHUNK_TIME).pace().pace())
                .isEqualTo(nothing.pace().pace());
        assertThat(tuning(TuningAttribute.LOCK_TIMEOUT, TuningAttribute.LOCK_ATTEMPTS)
                        .lock())
                .isEqualTo(nothing.lock());
        assertThat(tuning(TuningAttribute.CATCH_UP_TIME).catchUpTime()).isEqualTo(nothing.catchUpTime());
        assertThat(tuning(TuningAttribute.MAX_DEFAULT_SHARE).maxDefaultShare()).contains(DefaultShare.DEFAULT);
        assertThat(tuning(TuningAttribute.MAX_DRAIN_ROWS).positive(TuningAttribute.MAX_DRAIN_ROWS, 0))
                .isEqualTo(SwapSettings.DEFAULT_MAX_DRAIN_ROWS);
        assertThat(tuning(TuningAttribute.BATCH_SIZE).positive(TuningAttribute.BATCH_SIZE, 0))
                .isEqualTo(ReplayStep.DEFAULT_BATCH_SIZE);
        assertThat(OnOldTransactions.parse(
                        "", TuningAttribute.ON_OLD_TRANSACTIONS.standard().orElseThrow()))
                .isEqualTo(OnOldTransactions.STOP);
    }

    @Test
    void everyDefaultAndEveryExampleIsAValue() {
        for (TuningAttribute setting : TuningAttribute.values()) {
            setting.check(setting.example());
            setting.standard().ifPresent(setting::check);
        }
    }

    @Test
    void everySettingOfThePaceIsAnAttribute() {
        assertThat(Arrays.stream(TuningAttribute.values()).flatMap(setting -> setting.pace().stream()))
                .containsExactlyInAnyOrder(PaceSetting.values());
    }

    /** One row may have two settings. */
    @Test
    void theReadmeTellsOfEachSettingItsDefaultAndItsSteps() throws IOException {
        Set<String> told = new TreeSet<>();
        for (String row : rows()) {
            List<String> cells =
                    Arrays.stream(row.split("\\|")).map(String::strip).toList();
            List<String> defaults = words(cells.get(3).replaceAll("(?<=\\d),(?=\\d)", ""));
            for (String name : words(cells.get(1))) {
                TuningAttribute setting = TuningAttribute.named(name);
                setting.standard()
                        .ifPresent(value -> assertThat(defaults).as(name).contains(value));
                assertThat(steps(cells.get(4))).as(name).isEqualTo(stepsOf(setting));
                told.add(name);
            }
        }

        assertThat(told)
                .isEqualTo(TuningAttribute.OF_CONFIG.stream()
                        .map(TuningAttribute::attributeName)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    private static List<String> rows() throws IOException {
        return Files.readAllLines(README).stream()
                .dropWhile(line -> !line.equals(HEADING))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .toList();
    }

    private static List<String> words(String cell) {
        return List.of(cell.replace("`", "").split(", "));
    }

    private static Set<StepName> steps(String cell) {
        return words(cell.replaceAll("(all that take long):.*", "$1")).stream()
                .map(STEPS::get)
                .flatMap(Collection::stream)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(StepName.class)));
    }

    private static Set<StepName> stepsOf(TuningAttribute setting) {
        return switch (setting) {
            // A config sets it for the copy alone.
            case CHUNK_SIZE -> Set.of(StepName.CHUNKED_COPY);
            // The approval of these steps asks for it.
            case CATCH_UP_TIME -> Set.of(StepName.LOCKED_SWAP, StepName.EXCHANGE_PARTITIONS, StepName.DROP_BACKUP);
            default ->
                Arrays.stream(StepName.values())
                        .filter(step -> TuningAttribute.of(step).contains(setting))
                        .collect(Collectors.toCollection(() -> EnumSet.noneOf(StepName.class)));
        };
    }
}
