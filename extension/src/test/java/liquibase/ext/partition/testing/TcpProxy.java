package liquibase.ext.partition.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The network between clients and a test's server. It can break in the ways in which networks break: with a reset, or
 * without a word.
 *
 * <p>Knows the protocol only in so far as statements and their tags are in it as text. A client that is to be cut after
 * a statement needs {@code prepareThreshold=0}, so that every statement is sent as text.
 */
public final class TcpProxy implements AutoCloseable {
    private static final int LONGEST_CONNECT_MILLISECONDS = 5_000;

    private static final Pattern ADDRESS =
            Pattern.compile("jdbc:postgresql://(?<host>[^:/]+)(:(?<port>\\d+))?/(?<rest>.*)");

    /** The ways to treat new connections. */
    private enum Arrival {
        PASSED,
        /** The connection is made and nobody ever answers. */
        IGNORED,
        REFUSED
    }

    /** A break that happens once, after these texts. */
    private record Break(List<String> texts, boolean silent, CountDownLatch happened) {
        Break(List<String> texts, boolean silent) {
            this(texts, silent, new CountDownLatch(1));
        }
    }

    private final String host;
    private final int port;
    private final ServerSocket listener;
    private final List<Link> links = new CopyOnWriteArrayList<>();
    private volatile Arrival arrival = Arrival.PASSED;
    private volatile Break planned = new Break(List.of(), false);
    private volatile boolean keysOfItsOwn;

    private TcpProxy(String host, int port) throws IOException {
        this.host = host;
        this.port = port;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        daemon("accepting", this::accept);
    }

    /** A proxy before that database's server; the caller closes it. */
    public static TcpProxy before(TestDatabase database) {
        Matcher address = address(database.url());
        try {
            return new TcpProxy(
                    address.group("host"),
                    address.group("port") == null ? 5432 : Integer.parseInt(address.group("port")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A proxy before a server of this machine; the caller closes it. */
    public static TcpProxy to(int port) {
        try {
            return new TcpProxy(InetAddress.getLoopbackAddress().getHostAddress(), port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The proxy's own port. */
    public int port() {
        return listener.getLocalPort();
    }

    /** The client ports that the server sees. */
    public List<Integer> clientPorts() {
        return links.stream().map(link -> link.server.getLocalPort()).toList();
    }

    private static Matcher address(String url) {
        Matcher address = ADDRESS.matcher(url);
        if (!address.matches()) {
            throw new IllegalArgumentException("No host in " + url);
        }
        return address;
    }

    /**
     * The URL of {@code database} through this proxy: every statement as text, and no long wait for an answer that
     * never comes.
     */
    public String url(TestDatabase database) {
        String rest = address(database.url()).group("rest");
        return "jdbc:postgresql://%s:%d/%s%sprepareThreshold=0&loginTimeout=1"
                .formatted(
                        listener.getInetAddress().getHostAddress(),
                        listener.getLocalPort(),
                        rest,
                        rest.contains("?") ? "&" : "?");
    }

    /** Ends every connection with a reset, on both sides; new ones pass. */
    public void cut() {
        links.forEach(Link::reset);
    }

    /**
     * Everything that is sent on the present connections vanishes, both ways, and neither side is told; new connections
     * pass.
     */
    public void silence() {
        links.forEach(link -> link.silent = true);
    }

    /** Ends silent connections with a reset. */
    public void cutSilent() {
        links.stream().filter(link -> link.silent).forEach(Link::reset);
    }

    /** As {@link #silence()}; in addition, new connections are made, but nothing comes through them either. */
    public void silenceAll() {
        arrival = Arrival.IGNORED;
        silence();
    }

    /** Ends every connection with a reset, and refuses new ones. */
    public void refuse() {
        arrival = Arrival.REFUSED;
        cut();
    }

    /** New connections pass again. Connections that were cut or silenced stay so. */
    public void heal() {
        arrival = Arrival.PASSED;
    }

    /**
     * Cuts once, on the connection on which these texts are sent one after the other: the last one reaches the server,
     * its answer does not reach the client, and both sides get a reset as soon as the server has given it.
     */
    public void cutAfter(String... sent) {
        planned = new Break(List.of(sent), false);
    }

    /** As {@link #cutAfter}, but nobody is told: the network is as after {@link #silenceAll}. */
    public void silenceAfter(String... sent) {
        planned = new Break(List.of(sent), true);
    }

    /** From now on new clients get a key for cancelling their statements that is not the server's, as from a pooler. */
    public void giveKeysOfItsOwn() {
        keysOfItsOwn = true;
    }

    /** Waits until the break has happened. */
    public void awaitBreak() throws InterruptedException {
        if (!planned.happened().await(1, TimeUnit.MINUTES)) {
            throw new AssertionError("Never sent: " + planned.texts());
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                daemon("connecting", () -> pass(client));
            } catch (IOException e) {
                // Closed, or the client was gone before it was served.
            }
        }
    }

    private void pass(Socket client) {
        if (arrival == Arrival.REFUSED) {
            reset(client);
            return;
        }
        Socket server = new Socket();
        try {
            server.connect(new InetSocketAddress(host, port), LONGEST_CONNECT_MILLISECONDS);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            Link link = new Link(client, server, arrival == Arrival.IGNORED);
            links.add(link);
            link.start();
        } catch (IOException e) {
            // The server is not there: then the client finds nobody either.
            reset(client);
            reset(server);
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            // It is closed already.
        }
    }

    private static void daemon(String name, Runnable action) {
        Thread thread = new Thread(action, "proxy: " + name);
        thread.setDaemon(true);
        thread.start();
    }

    private static String text(byte[] bytes, int length) {
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }

    @FunctionalInterface
    private interface BeforePassing {
        void happens(byte[] bytes, int length);
    }

    /** One connection. */
    private final class Link {
        private final Socket client;
        private final Socket server;
        private final List<String> toCome = new ArrayList<>();
        private Break noticed;
        private volatile boolean silent;
        private volatile boolean lastIsSent;
        private boolean keyIsChanged;
        private String sentBefore = "";

        Link(Socket client, Socket server, boolean silent) {
            this.client = client;
            this.server = server;
            this.silent = silent;
        }

        void start() {
            daemon("to the server", () -> pump(client, server, (bytes, length) -> notice(text(bytes, length))));
            daemon(
                    "to the client",
                    () -> pump(server, client, (bytes, length) -> {
                        if (lastIsSent) {
                            breakNow();
                        }
                        changeKey(bytes, length);
                    }));
        }

        /** In the first message with that beginning (BackendKeyData): the process, in four bytes. */
        private void changeKey(byte[] bytes, int length) {
            int at = keysOfItsOwn && !keyIsChanged ? text(bytes, length).indexOf("K\0\0\0\f") : -1;
            if (at >= 0) {
                bytes[at + 5] ^= 0x10;
                keyIsChanged = true;
            }
        }

        private void breakNow() {
            if (noticed.silent()) {
                silenceAll();
            } else {
                reset();
            }
            noticed.happened().countDown();
        }

        void reset() {
            TcpProxy.reset(client);
            TcpProxy.reset(server);
            links.remove(this);
        }

        private void pump(Socket from, Socket to, BeforePassing before) {
            byte[] buffer = new byte[8192];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    if (silent) {
                        continue;
                    }
                    before.happens(buffer, read);
                    if (silent) {
                        continue;
                    }
                    if (from.isClosed()) {
                        return;
                    }
                    out.write(buffer, 0, read);
                    out.flush();
                }
                if (!silent) {
                    to.shutdownOutput();
                    from.shutdownInput();
                    if (from.isOutputShutdown() || to.isInputShutdown()) {
                        reset();
                    }
                }
            } catch (IOException e) {
                if (!silent) {
                    reset();
                }
            }
        }

        /** Armed before the last text is passed on, so that its answer cannot be faster. */
        private void notice(String bytes) {
            if (noticed != planned) {
                noticed = planned;
                sentBefore = "";
                toCome.clear();
                toCome.addAll(noticed.texts());
            }
            if (toCome.isEmpty() || noticed.happened().getCount() == 0) {
                return;
            }
            String text = sentBefore + bytes;
            while (!toCome.isEmpty() && text.contains(toCome.get(0))) {
                text = text.substring(
                        text.indexOf(toCome.get(0)) + toCome.get(0).length());
                toCome.remove(0);
                lastIsSent = toCome.isEmpty();
            }
            sentBefore = text.substring(Math.max(0, text.length() - 200));
        }
    }
}
