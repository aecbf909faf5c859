package liquibase.ext.partition.faults;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import liquibase.ext.partition.endtoend.LiquibaseCli;
import liquibase.ext.partition.endtoend.WarmCli;
import liquibase.ext.partition.testing.TcpProxy;
import liquibase.ext.partition.testing.WorkloadReport;

/**
 * Plays rounds, one after the other, on a server of its own. A round is a command, one or two faults while it is at
 * work, the remedy that its message names, and the command again until it completes; then the writers are paused and
 * everything is compared.
 *
 * <p>The file is long because each act of a round works on the server, the command and the log of its lane.
 */
final class Lane implements Runnable, AutoCloseable {

    /** Longer than any command takes that does not hang. */
    private static final Duration LONGEST_COMMAND = Duration.ofSeconds(90);

    /** A round that takes longer is recorded, for somebody to look at. */
    private static final Duration SLOW = Duration.ofSeconds(30);

    /** How often an operator looks. */
    private static final Duration A_MOMENT = Duration.ofSeconds(2);

    private static final Duration LONGEST_ROUND = Duration.ofSeconds(240);

    private static final Map<String, String> ENVIRONMENT = Map.of(
            "LIQUIBASE_ANALYTICS_ENABLED", "false",
            "LIQUIBASE_CHANGELOG_LOCK_WAIT_TIME_IN_MINUTES", "1",
            "LIQUIBASE_CHANGELOG_LOCK_POLL_RATE", "1",
            "LIQUIBASE_PARTITION_GIVE_UP_AFTER", "60s");

    /**
     * The embedded server's own default acknowledges commits that are not in its log yet; then a crash may lose them.
     */
    private static final Map<String, String> SERVER = Map.of(
            "synchronous_commit", "on",
            "fsync", "off",
            "wal_level", "logical",
            "max_connections", "60",
            "shared_buffers", "64MB",
            // A crash leaves temporary tables behind, which autovacuum removes; a round waits for that.
            "autovacuum_naptime", "1s");

    private static final Pattern ASKS_FOR_ROLLBACK =
            Pattern.compile("[Rr]oll (the migration )?back|[Tt]ake the migration back");

    /** Then there is a choice between making room and a rollback, and by now there is room. */
    private static final Pattern DISK_FULL = Pattern.compile("No space left on device|disk is full|disk .*full");

    /** Every message must contain this: what to do next. */
    private static final Pattern REMEDY = Pattern.compile(
            "[Rr]un (it |update )?again|update again|[Rr]un |[Rr]oll|restartCopy|[Bb]egin again|release-locks");

    /** In the trace that Liquibase logs: the exception came from a step or a check of ours, which had to explain it. */
    private static final Pattern OURS = Pattern.compile(
            "liquibase\\.ext\\.partition\\.(statement\\.EngineStatement\\.|precondition\\.PartitionPrecondition\\.|engine\\.PartitionException)");

    private static final String LAST_WORDS = "Unexpected error running Liquibase";

    private final int number;
    private final Duration longest;
    private final Path directory;
    private final Tally tally;
    private final Changelogs changelogs;
    private final List<String> failures;
    private final SplittableRandom random;
    private final List<Fault> deck = new ArrayList<>();
    private final List<Shape> shapes;
    private final List<Fault> faults;
    private final FaultServer server;
    private final TcpProxy proxy;
    private WarmCli cli;
    private WarmCli spare;
    private int started;

    Lane(
            int number,
            long seed,
            Duration longest,
            Path directory,
            Changelogs changelogs,
            List<Shape> shapes,
            List<Fault> faults,
            Tally tally,
            List<String> failures) {
        this.number = number;
        // Each lane begins with another version: only a killed command line is replaced, by one of the next version.
        this.started = number;
        this.longest = longest;
        this.directory = directory;
        this.changelogs = changelogs;
        this.shapes = shapes;
        this.faults = faults;
        this.tally = tally;
        this.failures = failures;
        random = new SplittableRandom(seed + number);
        server = FaultServer.start(SERVER, faults.contains(Fault.FULL_DISK));
        proxy = TcpProxy.to(server.port());
        cli = start();
        spare = start();
    }

    private WarmCli start() {
        List<String> versions = LiquibaseCli.versions().toList();
        WarmCli started = WarmCli.start(versions.get(this.started++ % versions.size()), ENVIRONMENT);
        // Loads the classes, so that it is warm when it is needed.
        started.begin(List.of("--version"));
        return started;
    }

    /** Plays until the time is over, and one round in any case: a slow machine plays fewer rounds, never none. */
    @Override
    public void run() {
        long deadline = System.nanoTime() + longest.toNanos();
        int round = 0;
        for (int life = 0; round == 0 || System.nanoTime() < deadline; life++) {
            Shape shape = shapes.get((life + number) % shapes.size());
            try (Life table = new Life(shape, server.newDatabase(), proxy.port(), changelogs, random.nextLong())) {
                begin(table);
                while (!table.isOver() && (round == 0 || System.nanoTime() < deadline)) {
                    Round played = new Round(table, ++round, random.split());
                    if (!played.play()) {
                        break;
                    }
                }
                WorkloadReport report = table.report();
                report.counts()
                        .forEach((count, times) -> tally.write(
                                count.name().toLowerCase(Locale.ROOT).replace('_', ' '), times));
            }
        }
    }

    private void begin(Life life) {
        WarmCli.Result first = run(life.words(Command.UPDATE_ONE));
        if (!first.succeeded()) {
            throw new IllegalStateException("Not even without a fault: " + first);
        }
        life.begin();
    }

    private WarmCli.Result run(List<String> words) {
        replaceKilled();
        cli.await(LONGEST_COMMAND);
        cli.begin(words);
        return cli.await(LONGEST_COMMAND);
    }

    private void replaceKilled() {
        if (!cli.isAlive()) {
            cli = spare;
            spare = start();
        }
        if (!spare.isAlive()) {
            spare = start();
        }
    }

    /**
     * The next fault of a shuffled deck that has each of them, so that all come equally often; empty if none has an
     * effect.
     */
    private Optional<Fault> draw(
            Predicate<Fault> together, Shape shape, List<String> recorded, SplittableRandom random) {
        Predicate<Fault> suitable = fault -> fault.applies(shape, recorded)
                && (!shape.isPartitioned() || fault.leavesColumnsAlone())
                && together.test(fault);
        if (deck.stream().noneMatch(suitable)) {
            List<Fault> more = new ArrayList<>(faults);
            Collections.shuffle(more, new Random(random.nextLong()));
            deck.addAll(more);
        }
        Optional<Fault> drawn = deck.stream().filter(suitable).findFirst();
        drawn.ifPresent(deck::remove);
        return drawn;
    }

    private static boolean isUnseen(Fault fault) {
        return fault.isUnseen() || fault == Fault.DISABLE_TRIGGER;
    }

    /**
     * The moment of a strike.
     *
     * @param changeset the changeset, counted from the command's start, at whose beginning the time starts; 0 for the
     *     command's start
     */
    private record Moment(int changeset, int milliseconds) {
        /** Early moments are more likely: most changesets take some hundredths of a second. */
        static Moment any(Command command, SplittableRandom random) {
            int longest = new int[] {15, 60, 250, 1000}[random.nextInt(4)];
            int changeset = random.nextInt(6) == 0 ? 0 : 1 + random.nextInt(command.changesets());
            return new Moment(changeset, random.nextInt(longest));
        }

        @Override
        public String toString() {
            return "%d ms after %s".formatted(milliseconds, changeset == 0 ? "the start" : "changeset " + changeset);
        }
    }

    /** One round, with everything that is reported when it fails. */
    private final class Round {
        private final Life life;
        private final int number;
        private final SplittableRandom random;
        private final StringBuilder story = new StringBuilder();
        private final List<Fault> hits = new ArrayList<>();
        private final List<Fault> misses = new ArrayList<>();
        private final List<String> refusals = new ArrayList<>();
        private Tally.Outcome outcome = Tally.Outcome.WENT_ON;

        Round(Life life, int number, SplittableRandom random) {
            this.life = life;
            this.number = number;
            this.random = random;
        }

        /** False if it failed and the life must not go on. */
        boolean play() {
            long begun = System.nanoTime();
            boolean passed = true;
            try {
                rounds();
            } catch (RuntimeException | AssertionError e) {
                outcome = Tally.Outcome.FAILED;
                passed = false;
                tell("%s", stackTrace(e));
                failures.add(keep("failed"));
            }
            if (passed && System.nanoTime() - begun > SLOW.toNanos()) {
                keep("slow");
            }
            for (Fault fault : hits) {
                tally.add(fault, true, outcome);
            }
            for (Fault fault : misses) {
                tally.add(fault, false, outcome);
            }
            tally.round();
            System.out.printf(
                    "round %d of lane %d: %s, %s%s%s: %s, %d ms%n",
                    number,
                    Lane.this.number,
                    title,
                    hits,
                    misses.isEmpty() ? "" : " (too late: " + misses + ")",
                    refusals.isEmpty() ? "" : " (refused: " + String.join("; ", refusals) + ")",
                    outcome,
                    (System.nanoTime() - begun) / 1_000_000);
            return passed;
        }

        private String title = "";

        private void rounds() {
            long end = System.nanoTime() + LONGEST_ROUND.toNanos();
            replaceKilled();
            spare.await(LONGEST_COMMAND);
            List<String> recorded = life.recorded();
            Command command = life.next(random);
            title = "%s of %s after %s"
                    .formatted(
                            command, life.shape(), recorded.isEmpty() ? "nothing" : recorded.get(recorded.size() - 1));
            tell("# %s, recorded: %s", title, recorded);
            Scene scene = new Scene(server, proxy, life, command, cli, spare, random.split());
            List<Fault> faults = new ArrayList<>();
            draw(any -> true, life.shape(), recorded, random).ifPresent(faults::add);
            if (random.nextInt(4) == 0) {
                // Only one of them at a time, so that it is known what a message must be about.
                boolean unseen = faults.stream().anyMatch(Lane::isUnseen);
                draw(fault -> !unseen || !isUnseen(fault), life.shape(), recorded, random)
                        .ifPresent(faults::add);
            }
            cli.begin(life.words(command));
            for (Fault fault : faults) {
                strike(fault, Moment.any(command, random), scene);
            }
            WarmCli.Result result = await();
            scene.awaitEnd();
            proxy.cutSilent();
            scene.seconds().forEach(second -> {
                tell("another runner:%n%s", second);
                requireMessage(second);
            });
            tell("%s", result);
            command = complete(command, result, end);
            if (hits.stream().anyMatch(Fault::isUnseen) && life.isUnderWay()) {
                // It came after this command had found the tables equal, or before anything was compared.
                command = life.recorded().contains("swap")
                        ? random.nextInt(3) == 0 ? Command.UPDATE_AND_DROP : Command.ROLLBACK_SWAP
                        : Command.UPDATE_AND_SWAP;
                result = Lane.this.run(life.words(command));
                tell("what relies on it:%n%s", result);
                command = complete(command, result, end);
            }
            life.dropDetached();
            if (hits.contains(Fault.DISABLE_TRIGGER) && life.isCaptureOff()) {
                // It was too late for this command, or irrelevant to it; the next command that relies on captured
                // writes must notice.
                boolean swapped = life.recorded().contains("swap");
                WarmCli.Result noticed =
                        Lane.this.run(life.words(swapped ? Command.ROLLBACK_SWAP : Command.UPDATE_AND_SWAP));
                tell("%s", noticed);
                if (swapped && noticed.output().contains("the backup the same columns")) {
                    life.giveBackupTheSameColumns();
                    noticed = Lane.this.run(life.words(Command.ROLLBACK_SWAP));
                    tell("%s", noticed);
                }
                // If a column was added too, the message may be about that first, and the remedy is the same.
                boolean altered = !swapped
                        && hits.contains(Fault.ADD_COLUMN)
                        && ASKS_FOR_ROLLBACK.matcher(noticed.output()).find();
                if (noticed.succeeded() || !(altered || noticed.output().contains("are not being captured"))) {
                    throw new AssertionError("The capture trigger is disabled, and the next command does not say so");
                }
                requireMessage(noticed);
                if (swapped) {
                    needs(Tally.Outcome.MENDED);
                    command = Command.ROLLBACK_SWAP;
                    life.enableTriggers(noticed.output());
                } else {
                    needs(Tally.Outcome.ROLLBACK);
                    command = Command.ROLLBACK_ALL;
                }
                result = Lane.this.run(life.words(command));
                tell("%s", result);
                if (swapped && !result.succeeded() && life.runStatements(lastWords(result), random)) {
                    result = Lane.this.run(life.words(command));
                    tell("%s", result);
                }
                if (!result.succeeded()) {
                    throw new AssertionError("What the message asks for was done, and the rollback fails");
                }
            }
            if (life.isLocked()) {
                throw new AssertionError("The command has succeeded and left DATABASECHANGELOGLOCK held");
            }
            life.requireNothingLost();
            if (command == Command.ROLLBACK_ALL && life.recorded().isEmpty()) {
                life.requireNothingLeftBehind();
            }
        }

        /** Does what the messages say, until the command completes; returns the command that finally did. */
        private Command complete(Command begun, WarmCli.Result first, long end) {
            Command command = begun;
            WarmCli.Result result = first;
            String before = "";
            int same = 0;
            String restart = "-DrestartCopy=" + life.shape().migrated();
            List<String> more = new ArrayList<>();
            while (!result.succeeded() && !isRolledBackAlready(command, result)) {
                same = before.equals(lastWords(result)) ? same + 1 : 0;
                before = lastWords(result);
                if (System.nanoTime() > end || same > 20) {
                    throw new AssertionError("The command does not complete");
                }
                requireMessage(result);
                needs(Tally.Outcome.AGAIN);
                if (life.isLocked()) {
                    needs(Tally.Outcome.RELEASE_LOCKS);
                    tell("%s", Lane.this.run(life.words(Command.RELEASE_LOCKS)));
                }
                if (result.output().contains("the backup the same columns")) {
                    needs(Tally.Outcome.BACKUP_COLUMN);
                    life.giveBackupTheSameColumns();
                    life.giveTheSameDefinition();
                } else if (life.runStatements(lastWords(result), random)) {
                    needs(Tally.Outcome.STATEMENTS);
                } else if (result.output().contains("Make the same change on both") && life.giveTheSameDefinition()) {
                    needs(Tally.Outcome.SAME_CHANGE);
                } else if (result.output().contains("delete the records of this table's changesets")) {
                    needs(Tally.Outcome.RECORDS_DELETED);
                    life.deleteRecords();
                } else if (ASKS_FOR_ROLLBACK.matcher(result.output()).find()
                        && !DISK_FULL.matcher(result.output()).find()
                        && command != Command.ROLLBACK_ALL) {
                    needs(Tally.Outcome.ROLLBACK);
                    command = Command.ROLLBACK_ALL;
                    more.clear();
                } else if (result.output().contains("restartCopy") && more.isEmpty()) {
                    needs(Tally.Outcome.RESTART_COPY);
                    more.add(restart);
                } else {
                    sleep(200);
                }
                result = Lane.this.run(life.words(command, more.toArray(String[]::new)));
                tell("%s", result);
            }
            return command;
        }

        /**
         * The tag goes with the changesets after it, so a rollback that was finished and not acknowledged cannot run
         * again.
         */
        private boolean isRolledBackAlready(Command command, WarmCli.Result result) {
            return (command == Command.ROLLBACK_ALL || command == Command.ROLLBACK_SWAP)
                    && result.output().contains("Could not find tag");
        }

        private void strike(Fault fault, Moment moment, Scene scene) {
            cli.awaitLines(" Changeset: ", moment.changeset(), LONGEST_COMMAND);
            sleep(moment.milliseconds());
            if (!cli.isBusy()) {
                misses.add(fault);
                return;
            }
            try {
                fault.strike(scene);
                tell("! %s, %s", fault, moment);
                hits.add(fault);
            } catch (SQLException | AssertionError e) {
                // The server was down, or it refused, as it should.
                tell("! %s, %s: %s", fault, moment, e.getMessage());
                refusals.add(fault + ": " + e.getMessage().lines().findFirst().orElse(""));
                hits.add(fault);
            }
        }

        /** Waits until the command ends, by itself or by an operator who sees that it never will. */
        private WarmCli.Result await() {
            long end = System.nanoTime() + LONGEST_COMMAND.toNanos();
            WarmCli.Result result = cli.await(A_MOMENT);
            while (cli.isBusy() && System.nanoTime() < end) {
                if (result.isWaitingForLock() && !spare.isBusy() && life.isLocked()) {
                    // Its own lock, whose acknowledgement was lost: nobody else is at work.
                    needs(Tally.Outcome.RELEASE_LOCKS);
                    spare.begin(life.words(Command.RELEASE_LOCKS));
                    tell("%s", spare.await(LONGEST_COMMAND));
                }
                result = cli.await(A_MOMENT);
            }
            if (cli.isBusy()) {
                cli.dumpThreads();
                result = cli.await(Duration.ofMillis(1));
                cli.kill();
                throw new AssertionError("The command hangs:\n" + result);
            }
            return result;
        }

        /**
         * An operator must be able to act on the message. A killed JVM need not say anything, and a query of
         * Liquibase's only what Liquibase says.
         */
        private void requireMessage(WarmCli.Result result) {
            String output = result.output();
            int last = output.lastIndexOf(LAST_WORDS);
            if (result.exitCode() == null
                    || result.succeeded()
                    || !OURS.matcher(output).find()
                    || last < 0) {
                return;
            }
            if (!REMEDY.matcher(output.substring(last)).find()) {
                tally.bareMessage("%s, %s: %s".formatted(title, hits, output.substring(last)));
                tell("BARE MESSAGE");
            }
        }

        private String lastWords(WarmCli.Result result) {
            int last = result.output().lastIndexOf(LAST_WORDS);
            return last < 0 ? "" : result.output().substring(last);
        }

        private void needs(Tally.Outcome heavier) {
            outcome = outcome.compareTo(heavier) < 0 ? heavier : outcome;
        }

        private void tell(String line, Object... parts) {
            story.append(line.formatted(parts)).append('\n');
        }

        private String keep(String how) {
            String text = "Round %d of lane %d%n%s".formatted(number, Lane.this.number, story);
            try {
                Files.writeString(directory.resolve("%s-round-%d.txt".formatted(how, number)), text);
                return text;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static String stackTrace(Throwable e) {
        StringWriter text = new StringWriter();
        e.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    private static void sleep(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    @Override
    public void close() {
        cli.close();
        spare.close();
        proxy.close();
        server.close();
    }
}
