package liquibase.ext.partition.faults;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Stands between the command line and the server, and can cut what runs through it, with or without telling the two ends. New
 * connections are always served: it is the old ones that a restarted firewall forgets.
 */
final class TcpProxy implements AutoCloseable {

    /** Both ends of one connection. */
    private static final class Wire {
        private final Socket client;
        private final Socket server;
        private volatile boolean swallows;

        Wire(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        /** Linger of nothing sends an RST instead of a FIN, as a host does that knows nothing of the connection any more. */
        void cut() {
            for (Socket end : List.of(client, server)) {
                try {
                    end.setSoLinger(true, 0);
                    end.close();
                } catch (IOException e) {
                    // Gone already.
                }
            }
        }
    }

    private final ServerSocket listener;
    private final int target;
    private final Set<Wire> wires = ConcurrentHashMap.newKeySet();

    private TcpProxy(ServerSocket listener, int target) {
        this.listener = listener;
        this.target = target;
    }

    /** @param target a port of this machine */
    static TcpProxy to(int target) {
        try {
            TcpProxy proxy = new TcpProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target);
            daemon("proxy of " + target, proxy::accept);
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    /** What the server sees as the clients' ports: a connection of the command line's is one that comes from here. */
    List<Integer> clientPorts() {
        return wires.stream().map(wire -> wire.server.getLocalPort()).toList();
    }

    /** Both ends are told at once. */
    void cut() {
        wires.forEach(Wire::cut);
    }

    /** Nobody is told: whatever either end sends is taken and thrown away, until {@link #cutHalfOpen()}. */
    void goHalfOpen() {
        wires.forEach(wire -> wire.swallows = true);
    }

    /** What was half-open is cut now. */
    void cutHalfOpen() {
        wires.stream().filter(wire -> wire.swallows).forEach(this::end);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                daemon("proxied connection", () -> serve(client));
            } catch (IOException e) {
                // Closed, or a client that was gone before it was served.
            }
        }
    }

    private void serve(Socket client) {
        Socket server = new Socket();
        try {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 5_000);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
        } catch (IOException e) {
            new Wire(client, server).cut();
            return;
        }
        Wire wire = new Wire(client, server);
        wires.add(wire);
        daemon("from the server", () -> pump(wire, server, client));
        pump(wire, client, server);
    }

    private void pump(Wire wire, Socket from, Socket to) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[16 * 1024];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (!wire.swallows) {
                    out.write(buffer, 0, read);
                }
            }
            if (!wire.swallows) {
                to.shutdownOutput();
                from.shutdownInput();
                if (from.isOutputShutdown() || to.isInputShutdown()) {
                    end(wire);
                }
            }
        } catch (IOException e) {
            // One end is gone; so will be the other.
            if (!wire.swallows) {
                end(wire);
            }
        }
    }

    private void end(Wire wire) {
        wires.remove(wire);
        wire.cut();
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            // Nobody listens any more, which is what was wanted.
        }
        cut();
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }
}
