package liquibase.ext.partition.engine.refusal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A partition that is made because of a wrong clock stays. */
@ExtendWith(FreshDatabase.class)
class ServerClockTest {
    private static final Instant HERE = Instant.parse("2026-11-28T12:00:00Z");

    @ParameterizedTest
    @ValueSource(strings = {"P400D", "P1DT1S", "-P1DT1S", "-P20000D"})
    void aClockThatIsFarOffIsRefusedWithBothTimes(Duration off) {
        Instant server = HERE.plus(off);

        assertThatThrownBy(() -> ServerClock.requireNear(server, HERE))
                .isInstanceOf(PartitionException.class)
                .hasMessageContainingAll(
                        "The server's clock says %s and the clock of this machine says %s".formatted(server, HERE),
                        "Nothing was made",
                        "Set the clock that is wrong, then run again; or write until, a fixed end, instead of ahead.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT23H", "-PT23H"})
    void clocksThatNobodySetsAreTaken(Duration off) {
        assertThatCode(() -> ServerClock.requireNear(HERE.plus(off), HERE)).doesNotThrowAnyException();
    }

    /** Whatever the zone of the session. */
    @Test
    void todayIsTheServersDayInUtc(TestDatabase database) throws Exception {
        for (String zone : new String[] {"Pacific/Kiritimati", "Pacific/Pago_Pago"}) {
            LocalDate before = LocalDate.now(ZoneOffset.UTC);
            LocalDate today = database.onConnection(database.username(), database.password(), connection -> {
                try (var statement = connection.createStatement()) {
                    statement.execute("SET TimeZone = '" + zone + "'");
                }
                Session session = new Session(connection);
                return session.whilePinned(() -> ServerClock.today(session));
            });

            // Midnight may pass between the two questions.
            assertThat(today).as(zone).isBetween(before, LocalDate.now(ZoneOffset.UTC));
        }
    }
}
