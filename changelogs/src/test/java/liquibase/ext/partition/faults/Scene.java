package liquibase.ext.partition.faults;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import liquibase.ext.partition.endtoend.WarmCli;
import liquibase.ext.partition.testing.TcpProxy;
import liquibase.ext.partition.testing.TestDatabase;

/** Everything that a fault can affect in a round, and everything that it has left going on. */
final class Scene {

    private static final Duration LONGEST_SECOND_COMMAND = Duration.ofSeconds(90);

    private final FaultServer server;
    private final TcpProxy proxy;
    private final Life life;
    private final WarmCli cli;
    private final WarmCli spare;
    private final Command command;
    private final SplittableRandom random;
    private final List<Thread> lasting = new ArrayList<>();
    private final List<WarmCli.Result> seconds = new ArrayList<>();
    private RuntimeException failure;

    Scene(
            FaultServer server,
            TcpProxy proxy,
            Life life,
            Command command,
            WarmCli cli,
            WarmCli spare,
            SplittableRandom random) {
        this.server = server;
        this.proxy = proxy;
        this.life = life;
        this.command = command;
        this.cli = cli;
        this.spare = spare;
        this.random = random;
    }

    FaultServer server() {
        return server;
    }

    TcpProxy proxy() {
        return proxy;
    }

    TestDatabase database() {
        return life.database();
    }

    String table() {
        return life.shape().table();
    }

    /** The command line that runs the command. */
    WarmCli cli() {
        return cli;
    }

    SplittableRandom random() {
        return random;
    }

    /** The words of the command that is at work, to run it again. */
    List<String> again() {
        return life.words(command);
    }

    /** The words of a command on the same changelog. */
    List<String> words(Command command) {
        return life.words(command);
    }

    Life life() {
        return life;
    }

    /**
     * Takes snapshots of other clients, each beginning before the last one ends, for a random part of {@code longest}.
     */
    void takeSnapshots(Duration longest) {
        long end = System.nanoTime() + random.nextLong(longest.toNanos());
        long each = 50 + random.nextInt(400);
        for (int i = 0; i < 2; i++) {
            long first = i * each / 2;
            inBackground(() -> {
                Thread.sleep(first);
                while (System.nanoTime() < end) {
                    try (Connection connection = database().connect();
                            Statement statement = connection.createStatement()) {
                        connection.setAutoCommit(false);
                        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                        statement.execute("SELECT 1");
                        Thread.sleep(each);
                        connection.rollback();
                    } catch (SQLException e) {
                        // The server was restarted meanwhile.
                        Thread.sleep(each);
                    }
                }
            });
        }
    }

    /** Runs statements in a transaction that stays open for a random part of {@code longest}, and is rolled back. */
    void holdOpen(Duration longest, String... statements) throws SQLException {
        Connection connection = database().connect();
        try {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setQueryTimeout(10);
                for (String sql : statements) {
                    statement.execute(sql);
                }
            }
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
        forAWhile(longest, () -> {
            try {
                connection.close();
            } catch (SQLException e) {
                // The server was restarted meanwhile.
            }
        });
    }

    /** Ends something that has begun, after a random part of {@code longest}. */
    void forAWhile(Duration longest, Runnable end) {
        long milliseconds = random.nextLong(longest.toMillis() + 1);
        inBackground(() -> {
            Thread.sleep(milliseconds);
            end.run();
        });
    }

    /** Starts these commands of another runner, one after the other. */
    void second(List<List<String>> commands) {
        inBackground(() -> {
            for (List<String> words : commands) {
                spare.begin(words);
                WarmCli.Result result = spare.await(LONGEST_SECOND_COMMAND);
                synchronized (seconds) {
                    seconds.add(result);
                }
            }
        });
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private void inBackground(Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } catch (RuntimeException | AssertionError e) {
                        synchronized (seconds) {
                            failure = new IllegalStateException("A fault could not be lifted", e);
                        }
                    }
                },
                "lasting fault");
        thread.setDaemon(true);
        lasting.add(thread);
        thread.start();
    }

    /** Blocks until everything is over that faults have left going on. */
    void awaitEnd() {
        for (Thread thread : lasting) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while a fault lasted", e);
            }
        }
        lasting.clear();
        if (failure != null) {
            throw failure;
        }
    }

    /** The results of other runners' commands. */
    List<WarmCli.Result> seconds() {
        synchronized (seconds) {
            return List.copyOf(seconds);
        }
    }
}
