package liquibase.ext.partition.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PaceTest {
    @ParameterizedTest(name = "{0} at {1}: {2}")
    @CsvSource({
        "22:00-06:00, 2024-03-01T22:00:00Z, true",
        "22:00-06:00, 2024-03-01T05:59:59Z, true",
        "22:00-06:00, 2024-03-01T06:00:00Z, false",
        "22:00-06:00, 2024-03-01T12:00:00Z, false",
        "9:30-17:00, 2024-03-01T09:30:00Z, true",
        "9:30-17:00, 2024-03-01T17:00:00Z, false",
        "00:00-24:00, 2024-03-01T17:00:00Z, true",
        "22:00-06:00 Europe/Berlin, 2024-03-01T21:00:00Z, true",
        "22:00-06:00 Europe/Berlin, 2024-07-01T20:00:00Z, true",
        "22:00-06:00 Europe/Berlin, 2024-07-01T04:00:00Z, false"
    })
    void aWindowMayPassMidnightAndBeInATimeZone(String window, Instant moment, boolean inside) {
        assertThat(WorkingHours.parse("window", window).contains(moment)).isEqualTo(inside);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    window | night | write two times
                    window | 25:00-06:00 | write two times
                    window | 22:00-06:00 Berlin | write two times
                    maxLoad | 0 | must be a whole number of 1 or more
                    maxReplicaLag | 10 | write a number and ms, s or min
                    maxDuration | 0s | must be longer than nothing
                    throttleQuery | ' ' | is empty
                    maxload | 5 | There is no setting maxload
                    """)
    void whatCannotBeReadIsToldWithItsName(String name, String value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GivenPace.named(Map.of(name, value)).pace())
                .withMessageContaining(name)
                .withMessageContaining(message);
    }

    private static Pace retuned(Map<String, String> attributes, Map<String, String> tuning) {
        return GivenPace.named(attributes).under(GivenPace.named(tuning)).pace();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pauseBetweenChunks", "maxReplicaLag", "maxLoad", "throttleQuery", "window", "maxDuration"})
    void whatIsOffIsAsIfNobodyHadSetIt(String name) {
        assertThat(GivenPace.named(Map.of(name, "off")).pace()).isEqualTo(Pace.FULL_SPEED);
        assertThat(retuned(Map.of(name, "no such value"), Map.of(name, "off"))).isEqualTo(Pace.FULL_SPEED);
    }

    @Test
    void tuningTakesThePlaceOfAttributesAndNullSwitchesOneOff() {
        Map<String, String> attributes = Map.of("maxLoad", "4", "pauseBetweenChunks", "1s");

        Pace retuned = retuned(attributes, Collections.singletonMap("maxLoad", null));
        assertThat(retuned.maxLoad()).isEmpty();
        assertThat(retuned.pauseBetweenChunks()).isEqualTo(Duration.ofSeconds(1));
        assertThat(retuned(attributes, Map.of("maxLoad", "9")).maxLoad()).contains(9L);
    }
}
