package liquibase.ext.partition.engine.refusal;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** The server's clock, which decides what day it is. */
public final class ServerClock {
    private static final Sql NOW = Sql.of("SELECT pg_catalog.clock_timestamp()");

    /** Two clocks that nobody sets differ by less than this. */
    private static final Duration FAR_OFF = Duration.ofDays(1);

    private static final String AHEAD =
            "what is ahead cannot be told. Nothing was made. Set the clock that is wrong, then run again; or write until, a fixed end, instead of ahead.";

    private ServerClock() {}

    /**
     * Today's date in UTC. A partition that is made because of a wrong clock stays, so the clock of this machine is
     * compared with the server's.
     *
     * @throws PartitionException when the two clocks are more than a day apart
     */
    public static LocalDate today(Session session) throws SQLException {
        return today(session, AHEAD);
    }

    /**
     * As {@link #today(Session)}.
     *
     * @param cannotBeTold the message after the two times: what cannot be told, what is unchanged, and what to do
     */
    public static LocalDate today(Session session, String cannotBeTold) throws SQLException {
        OffsetDateTime now = session.queryFirst(NOW, row -> row.getObject(1, OffsetDateTime.class))
                .orElseThrow();
        requireNear(now.toInstant(), Instant.now(), cannotBeTold);
        return now.withOffsetSameInstant(ZoneOffset.UTC).toLocalDate();
    }

    /** @throws PartitionException when the server's clock, which says {@code server}, is more than a day off */
    public static void requireNear(Instant server) {
        requireNear(server, Instant.now());
    }

    static void requireNear(Instant server, Instant here) {
        requireNear(server, here, AHEAD);
    }

    private static void requireNear(Instant server, Instant here, String cannotBeTold) {
        if (Duration.between(server, here).abs().compareTo(FAR_OFF) > 0) {
            throw new PartitionException("The server's clock says %s and the clock of this machine says %s, so %s"
                    .formatted(server, here, cannotBeTold));
        }
    }
}
