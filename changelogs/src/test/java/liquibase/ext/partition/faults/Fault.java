package liquibase.ext.partition.faults;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import liquibase.ext.partition.testing.Workload;

/**
 * The ways in which the nemesis disturbs a command that is at work.
 *
 * <p>The file is long because it is a catalogue: a constant for each way.
 */
enum Fault {
    KILL("the JVM is killed") {
        @Override
        void strike(Scene scene) {
            scene.cli().kill();
        }
    },
    TERMINATE_ONE("one of its sessions is terminated") {
        @Override
        void strike(Scene scene) {
            terminate(scene, "ORDER BY random() LIMIT 1");
        }
    },
    TERMINATE_ALL("all of its sessions are terminated") {
        @Override
        void strike(Scene scene) {
            terminate(scene, "");
        }
    },
    CRASH("the server crashes and recovers") {
        @Override
        void strike(Scene scene) {
            scene.server().crash();
        }
    },
    CUT("TCP is cut") {
        @Override
        void strike(Scene scene) {
            scene.proxy().cut();
        }
    },
    HALF_OPEN("TCP goes half-open, and nobody is told") {
        @Override
        void strike(Scene scene) {
            scene.proxy().silence();
        }
    },
    FULL_DISK("the disk is full for a while") {
        @Override
        void strike(Scene scene) {
            scene.server().fillDisk();
            scene.forAWhile(Duration.ofMillis(1500), scene.server()::freeDisk);
        }
    },
    DENY_LOCK("somebody holds a lock on the table") {
        @Override
        void strike(Scene scene) throws SQLException {
            List<String> modes =
                    List.of("ACCESS SHARE", "ROW EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE");
            scene.holdOpen(
                    Duration.ofMillis(2500),
                    "LOCK TABLE %s IN %s MODE"
                            .formatted(scene.table(), modes.get(scene.random().nextInt(modes.size()))));
        }
    },
    OLD_SNAPSHOT("a REPEATABLE READ transaction stays open") {
        @Override
        void strike(Scene scene) throws SQLException {
            scene.holdOpen(
                    Duration.ofMillis(2500),
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                    scene.random().nextBoolean() ? "SELECT 1" : "SELECT count(*) FROM " + scene.table());
        }
    },
    REWRITE("VACUUM FULL") {
        @Override
        void strike(Scene scene) {
            scene.database().execute("SET lock_timeout = '3s'", "VACUUM FULL " + scene.table());
        }
    },
    ADD_COLUMN("a column is added") {
        @Override
        void strike(Scene scene) {
            scene.database()
                    .execute(
                            "SET lock_timeout = '3s'",
                            "ALTER TABLE %s ADD COLUMN %s%d integer"
                                    .formatted(
                                            scene.table(),
                                            ADDED_COLUMN,
                                            scene.random().nextInt(1_000_000)));
        }
    },
    TRUNCATE("somebody truncates the table") {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return recorded.contains("capture");
        }

        /**
         * The change is taken back if it is not refused, as may happen while a rollback ends capture: the rows are
         * still expected.
         */
        @Override
        void strike(Scene scene) throws SQLException {
            scene.holdOpen(Duration.ofMillis(1), "SET LOCAL lock_timeout = '2s'", "TRUNCATE " + scene.table());
        }
    },
    DISABLE_TRIGGER("the capture trigger is disabled") {
        /** Not after the swap: then the backup lacks what was not captured, and every way back loses something. */
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return recorded.contains("capture") && !recorded.contains("swap");
        }

        @Override
        void strike(Scene scene) {
            for (List<String> trigger : scene.database().queryRows("""
                    SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger
                    WHERE tgname LIKE '%\\_delta\\_capture' AND tgparentid = 0
                    """)) {
                scene.database()
                        .execute(
                                "SET lock_timeout = '3s'",
                                "ALTER TABLE %s DISABLE TRIGGER %s".formatted(trigger.get(0), trigger.get(1)));
            }
        }
    },
    SECOND_RUNNER("somebody else runs the same command") {
        @Override
        void strike(Scene scene) {
            scene.second(List.of(scene.again()));
        }
    },
    RELEASED_LOCK("release-locks, and the same command by another") {
        @Override
        void strike(Scene scene) {
            scene.second(List.of(scene.words(Command.RELEASE_LOCKS), scene.again()));
        }
    },
    ROLLBACK_AT_ONCE("release-locks, and a rollback at once") {
        @Override
        void strike(Scene scene) {
            Command back = scene.random().nextBoolean() ? Command.ROLLBACK_SWAP : Command.ROLLBACK_ALL;
            scene.second(List.of(scene.words(Command.RELEASE_LOCKS), scene.words(back)));
        }
    },
    ALTER_TYPE("a column's values are altered: ALTER COLUMN … TYPE … USING", Trace.NONE) {
        @Override
        void strike(Scene scene) throws SQLException {
            scene.life()
                    .alter(
                            Workload::changesLastColumn,
                            "ALTER TABLE %s ALTER COLUMN %s TYPE %s USING 'altered %d'"
                                    .formatted(
                                            scene.table(),
                                            Shape.SPARE,
                                            scene.random().nextInt(3) == 0 ? "varchar(60)" : "text",
                                            scene.random().nextInt(1000)));
        }
    },
    MAKE_COLUMN_ANEW("a column is dropped and added again", Trace.NONE) {
        @Override
        void strike(Scene scene) throws SQLException {
            List<String> defaults = List.of("", "DEFAULT 'made anew'", "DEFAULT gen_random_uuid()::text");
            scene.life()
                    .alter(
                            Workload::changesLastColumn,
                            "ALTER TABLE %s DROP COLUMN %s".formatted(scene.table(), Shape.SPARE),
                            "ALTER TABLE %s ADD COLUMN %s text %s"
                                    .formatted(
                                            scene.table(),
                                            Shape.SPARE,
                                            defaults.get(scene.random().nextInt(defaults.size()))));
        }
    },
    DROP_MONTH("a month is dropped", Trace.NONE) {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return shape.isNative() && recorded.contains("swap");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            scene.life().alter(Fault::takesRows, "DROP TABLE " + scene.life().anyMonth(scene.random()));
        }
    },
    DETACH_MONTH("a month is detached", Trace.NONE) {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return shape.isNative() && recorded.contains("swap");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            String month = scene.life().anyMonth(scene.random());
            scene.life().alter(Fault::takesRows, "ALTER TABLE %s DETACH PARTITION %s".formatted(scene.table(), month));
            scene.life().keepDetached(month);
        }
    },
    REBUILD_MONTH("a month is rebuilt under its name", Trace.NONE) {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return shape.isNative() && recorded.contains("swap");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            String month = scene.life().anyMonth(scene.random());
            scene.life()
                    .alter(
                            (expected, found) ->
                                    takesRows(expected, found) || Workload.changesLastColumn(expected, found),
                            "ALTER TABLE %s DETACH PARTITION %s".formatted(scene.table(), month),
                            "ALTER TABLE %1$s RENAME TO %1$s_taken_out".formatted(month),
                            "CREATE TABLE %1$s (LIKE %1$s_taken_out INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
                                    .formatted(month),
                            "INSERT INTO %1$s SELECT * FROM %1$s_taken_out OFFSET 5".formatted(month),
                            "UPDATE %s SET %s = 'cleaned'".formatted(month, Shape.SPARE),
                            "DROP TABLE %s_taken_out".formatted(month),
                            "ALTER TABLE %s ATTACH PARTITION %s %s"
                                    .formatted(
                                            scene.table(), month, scene.life().bound(month)));
        }
    },
    ATTACH_MONTH("rows are taken out of the default partition and attached as a month", Trace.NONE) {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return shape.isNative() && recorded.contains("swap");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            String month = scene.table() + "_attached";
            String range = "FROM ('%s 00:00+00') TO ('%s 00:00+00')".formatted(Shape.LAST_MONTH, Shape.UNTIL);
            scene.life()
                    .alter(
                            Workload::changesLastColumn,
                            "CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
                                    .formatted(month, scene.table()),
                            """
                            WITH taken AS (
                              DELETE FROM %s WHERE %2$s >= '%3$s 00:00+00' AND %2$s < '%4$s 00:00+00' RETURNING *)
                            INSERT INTO %5$s SELECT * FROM taken
                            """.formatted(
                                            scene.table() + "_default",
                                            scene.life().shape().time(),
                                            Shape.LAST_MONTH,
                                            Shape.UNTIL,
                                            month),
                            "UPDATE %s SET %s = 'mended'".formatted(month, Shape.SPARE),
                            "ALTER TABLE %s ATTACH PARTITION %s FOR VALUES %s".formatted(scene.table(), month, range));
        }
    },
    SEQUENCE_OPTIONS("the options of the key's sequence are set") {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return shape == Shape.ORDERS;
        }

        @Override
        void strike(Scene scene) throws SQLException {
            int increment = 1 + scene.random().nextInt(10);
            long maximum = 4_000_000_000_000L + scene.random().nextInt(1000);
            int cache = 1 + scene.random().nextInt(5);
            scene.life().setSequence(increment, maximum, cache);
        }
    },
    UNIQUE_INDEX("a unique index is made", Trace.NONE) {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return shape.isNative() && recorded.contains("swap");
        }

        @Override
        void strike(Scene scene) {
            scene.database()
                    .execute(
                            "SET lock_timeout = '3s'",
                            "CREATE UNIQUE INDEX %sindex ON %s (%s, %s)"
                                    .formatted(
                                            ADDED_COLUMN,
                                            scene.table(),
                                            String.join(
                                                    ", ", scene.life().shape().key()),
                                            scene.life().shape().time()));
            scene.life().expectIndex();
        }
    },
    REWRITE_ANY("VACUUM FULL of a partition, the backup or a table of ours") {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return recorded.contains("prepare");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            scene.database()
                    .execute(
                            "SET lock_timeout = '3s'",
                            "VACUUM FULL " + scene.life().anyHeap(scene.random()));
        }
    },
    CAPTURE_GAP("rows are deleted while the capture trigger is disabled for a moment", Trace.NONE) {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return shape.isNative() && recorded.contains("capture");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            if (scene.life().hasBackup() && scene.random().nextBoolean()) {
                scene.holdOpen(
                        Duration.ofSeconds(2), "LOCK TABLE %s_old IN ACCESS SHARE MODE".formatted(scene.table()));
            }
            String trigger = scene.life().captureTrigger();
            scene.life()
                    .alter(
                            Fault::takesRows,
                            "ALTER TABLE %s DISABLE TRIGGER %s".formatted(scene.table(), trigger),
                            deleteSome(scene),
                            "ALTER TABLE %s ENABLE ALWAYS TRIGGER %s".formatted(scene.table(), trigger));
        }
    },
    RENAME_DATE("the date column has another name for a moment, in which rows are deleted", Trace.NONE) {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return recorded.contains("capture");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            String time = scene.life().shape().time();
            scene.life()
                    .alter(
                            Fault::takesRows,
                            "ALTER TABLE %s RENAME COLUMN %s TO renamed".formatted(scene.table(), time),
                            deleteSome(scene),
                            "ALTER TABLE %s RENAME COLUMN renamed TO %s".formatted(scene.table(), time));
        }
    },
    WIDEN_KEY("the key has a wider type for a moment, in which rows are deleted", Trace.NONE) {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return shape == Shape.READINGS && recorded.contains("capture");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            scene.life()
                    .alter(
                            Fault::takesRows,
                            "ALTER TABLE %s ALTER COLUMN id TYPE numeric".formatted(scene.table()),
                            deleteSome(scene),
                            "ALTER TABLE %s ALTER COLUMN id TYPE bigint".formatted(scene.table()));
        }
    },
    READ_IDLE("somebody reads one partition, or the table that is not in use, for a while") {
        @Override
        boolean applies(Shape shape, List<String> recorded) {
            return recorded.contains("prepare");
        }

        @Override
        void strike(Scene scene) throws SQLException {
            scene.holdOpen(
                    Duration.ofMillis(2500),
                    "SELECT count(*) FROM " + scene.life().anyHeap(scene.random()));
        }
    },
    SNAPSHOTS("REPEATABLE READ transactions come and go, one always open") {
        @Override
        void strike(Scene scene) {
            scene.takeSnapshots(Duration.ofSeconds(4));
        }
    };

    /** The beginning of the names of columns that the nemesis adds. */
    static final String ADDED_COLUMN = "added_by_nemesis_";

    private enum Trace {
        CAPTURED,
        NONE
    }

    private final String words;
    private final Trace trace;

    Fault(String words) {
        this(words, Trace.CAPTURED);
    }

    /** @param trace the trace of its changes in the delta table */
    Fault(String words, Trace trace) {
        this.words = words;
        this.trace = trace;
    }

    /** Strikes; the scene ends whatever lasts. */
    abstract void strike(Scene scene) throws SQLException;

    /** Whether the fault affects a table on which these steps are done. */
    boolean applies(Shape shape, List<String> recorded) {
        return true;
    }

    /** Whether it changes something that no trigger sees: then the two tables may differ until a command finds it. */
    boolean isUnseen() {
        return trace == Trace.NONE;
    }

    /** Whether it alters no column and needs no remedy that names a table's columns. */
    boolean leavesColumnsAlone() {
        return trace == Trace.CAPTURED && this != ADD_COLUMN && this != DISABLE_TRIGGER;
    }

    /** The fault's name in the table of rounds. */
    String words() {
        return words;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static boolean takesRows(String expected, String found) {
        return expected != null && found == null;
    }

    private static String deleteSome(Scene scene) {
        String key = String.join(", ", scene.life().shape().key());
        return "DELETE FROM %1$s WHERE (%2$s) IN (SELECT %2$s FROM %1$s LIMIT 7)".formatted(scene.table(), key);
    }

    private static void terminate(Scene scene, String which) {
        scene.database()
                .queryStrings(
                        """
                        SELECT pg_terminate_backend(pid)::text FROM (
                          SELECT pid FROM pg_stat_activity WHERE client_port = ANY (CAST(? AS integer[])) %s) AS ours
                        """.formatted(which),
                        scene.proxy().clientPorts().toString().replace('[', '{').replace(']', '}'));
    }
}
