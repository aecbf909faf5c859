package liquibase.ext.partition.faults;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** What the nemesis does to a command that is at work. */
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
        boolean applies(List<String> recorded) {
            return recorded.contains("capture");
        }

        /** Taken back where it is not refused, as it may be while a rollback ends capture: the rows are still expected. */
        @Override
        void strike(Scene scene) throws SQLException {
            scene.holdOpen(Duration.ofMillis(1), "SET LOCAL lock_timeout = '2s'", "TRUNCATE " + scene.table());
        }
    },
    DISABLE_TRIGGER("the capture trigger is disabled") {
        /** Not after the swap: then the backup lacks what was not captured, and no way back is without loss. */
        @Override
        boolean applies(List<String> recorded) {
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
    };

    /** How the columns begin that the nemesis adds. */
    static final String ADDED_COLUMN = "added_by_nemesis_";

    private final String words;

    Fault(String words) {
        this.words = words;
    }

    /** Strikes; what lasts is ended by the scene. */
    abstract void strike(Scene scene) throws SQLException;

    /** Whether it means anything to a table on which these steps are done. */
    boolean applies(List<String> recorded) {
        return true;
    }

    /** For the table of rounds. */
    String words() {
        return words;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
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
