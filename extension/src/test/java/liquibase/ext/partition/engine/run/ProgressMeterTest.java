package liquibase.ext.partition.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressMeterTest {
    private final List<String> lines = new ArrayList<>();

    @Test
    void tellsPerCentRowsSpeedAndWhatElseThereIs() {
        ProgressMeter meter = new ProgressMeter(lines::add, "copy of shop.orders", 200, 0, 0);
        meter.add(50, 1_234_567);

        meter.tell("delta backlog 7");

        assertThat(lines)
                .singleElement()
                .asString()
                .matches(
                        "copy of shop\\.orders: 25\\.0 %, 1,234,567 rows, [0-9,]+ rows/s, ETA to be determined, delta backlog 7");
    }

    @Test
    void guessesNoTimeInTheFirstMinuteUnlessHalfIsDone() {
        ProgressMeter meter = new ProgressMeter(lines::add, "copy", 100, 0, 0);
        assertThat(meter.line("")).contains("ETA to be determined");
        meter.add(49, 10);
        assertThat(meter.line("")).contains("ETA to be determined");
        meter.add(1, 10);
        assertThat(meter.line("")).matches(".* ETA [0-9.]+ s");
        meter.add(50, 10);
        assertThat(meter.line("")).startsWith("copy: 100.0 %, 30 rows").endsWith("ETA now");
    }

    @Test
    void countsWhatEarlierRunsDidButNotInItsSpeed() {
        ProgressMeter meter = new ProgressMeter(lines::add, "copy", 100, 60, 6_000);
        assertThat(meter.line("")).startsWith("copy: 60.0 %, 6,000 rows, 0 rows/s, ETA to be determined");
        meter.add(10, 500);
        assertThat(meter.rows()).isEqualTo(6_500);
        assertThat(meter.rowsOfThisRun()).isEqualTo(500);
    }

    @Test
    void anEmptyTableIsDoneAtOnce() {
        assertThat(new ProgressMeter(lines::add, "copy", 0, 0, 0).line(""))
                .isEqualTo("copy: 100.0 %, 0 rows, 0 rows/s, ETA now");
    }

    @Test
    void isNotDueAtOnce() {
        assertThat(new ProgressMeter(lines::add, "copy", 1, 0, 0).isDue()).isFalse();
    }
}
