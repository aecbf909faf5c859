package liquibase.ext.partition.connection;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.SocketFactory;
import liquibase.Scope;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.link.AnswerWatch;
import liquibase.ext.partition.engine.link.Backend;
import liquibase.ext.partition.engine.link.ConnectionSource;
import liquibase.ext.partition.engine.sql.Conversation;
import liquibase.ext.partition.engine.sql.Session;

/**
 * Notices that an answer to one of Liquibase's own statements will never come, as {@link AnswerWatch} does for those of
 * our steps. The wait then ends as a lost connection, and the command ends with it, instead of hanging until somebody
 * looks. A statement may take as long as it likes, as long as the server is at work on it.
 *
 * <p>The watch sees where the answer is read whether one is awaited: the driver gets its sockets from here, by its
 * property {@code socketFactory}. Connections are not watched if somebody has set that property, if the driver cannot
 * see this class, or if they go through a pooler, where a session of the server other than the one that was asked may
 * be at work. A pooler gives its clients its own keys for cancelling statements, by which it is recognized.
 */
final class ConnectionWatch implements Conversation, AutoCloseable {
    private static final Map<String, ConnectionWatch> BY_NAME = new ConcurrentHashMap<>();

    private static final String FACTORY = "socketFactory";
    private static final String FACTORY_ARGUMENT = "socketFactoryArg";

    /**
     * While one of our steps waits, it has a watch of its own, which reconnects; that watch must be the first to act.
     */
    private static final int PATIENCE = 2;

    private final String name = UUID.randomUUID().toString();
    private final Report report;
    private final AnswerWatch watch;

    /** The connection's socket, not one that the driver opens besides to cancel a statement. */
    private volatile Socket socket;

    private volatile Waiting waiting;
    private volatile String abandoned;

    /** @param askAfter how long the steps wait before they ask */
    private ConnectionWatch(ConnectionSource source, Duration askAfter, Report report) {
        this.report = report;
        this.watch = new AnswerWatch(source, askAfter.multipliedBy(PATIENCE));
    }

    /**
     * A watch over a connection that is about to be opened with {@link #properties}; empty if it cannot be watched.
     *
     * @param url the URL by which the connection is opened
     */
    static Optional<ConnectionWatch> begin(
            String url,
            Driver driver,
            Properties properties,
            ConnectionSource source,
            Duration askAfter,
            Report report) {
        if (url.contains(FACTORY) || properties.containsKey(FACTORY) || driver == null || !canSee(driver)) {
            return Optional.empty();
        }
        ConnectionWatch begun = new ConnectionWatch(source, askAfter, report);
        BY_NAME.put(begun.name, begun);
        begun.watch.over(begun);
        return Optional.of(begun);
    }

    private static boolean canSee(Driver driver) {
        try {
            return Class.forName(
                            Sockets.class.getName(), false, driver.getClass().getClassLoader())
                    == Sockets.class;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** @param properties the properties that the watch's own are added to */
    void addTo(Properties properties) {
        properties.setProperty(FACTORY, Sockets.class.getName());
        properties.setProperty(FACTORY_ARGUMENT, name);
    }

    /**
     * Tells the watch which connection was opened; false if it cannot be watched, because it is a pooler's or the
     * server is another product.
     */
    boolean identify(Connection connection) {
        try {
            Backend backend = Backend.of(new Session(connection));
            watch.identify(this, backend);
            return backend.isAlone(connection);
        } catch (SQLException e) {
            Scope.getCurrentScope().getLog(getClass()).fine("Cannot tell with which session this connection is", e);
            return false;
        }
    }

    @Override
    public Optional<Waiting> waiting() {
        return Optional.ofNullable(waiting);
    }

    @Override
    public void abandon(String reason) {
        abandoned = reason;
        try {
            socket.close();
        } catch (IOException e) {
            // Then it is closed already.
        }
        report.line(
                "Liquibase's connection to the server is lost: %s. What was committed is kept. Run the same command again; it goes on from there."
                        .formatted(reason));
    }

    @Override
    public void close() {
        BY_NAME.remove(name);
        watch.close();
    }

    /** The factory that the driver makes by its name, for one connection. */
    public static final class Sockets extends SocketFactory {
        private final ConnectionWatch watch;

        /** @param name the name of a watch that has begun */
        public Sockets(String name) {
            this.watch = BY_NAME.get(name);
        }

        /** Makes a socket that is not connected, as the driver requires. */
        @Override
        public Socket createSocket() {
            if (watch == null || (watch.socket != null && !watch.socket.isClosed())) {
                return new Socket();
            }
            watch.socket = watch.new WatchedSocket();
            return watch.socket;
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return new Socket(host, port);
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
            return new Socket(host, port, local, localPort);
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return new Socket(host, port);
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
            return new Socket(host, port, local, localPort);
        }
    }

    private final class WatchedSocket extends Socket {
        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    return watched(in::read);
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    return watched(() -> in.read(bytes, offset, length));
                }
            };
        }

        /** A read with a timeout does not need to be watched, and may wait for something that was not requested. */
        private int watched(Read read) throws IOException {
            if (getSoTimeout() > 0) {
                return read.run();
            }
            waiting = new Waiting();
            try {
                return read.run();
            } catch (IOException e) {
                throw abandoned == null ? e : new IOException(abandoned, e);
            } finally {
                waiting = null;
            }
        }
    }

    @FunctionalInterface
    private interface Read {
        int run() throws IOException;
    }
}
