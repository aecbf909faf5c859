package liquibase.ext.partition.engine.run;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** The machine, or the container, on which this runner runs. */
public final class ThisHost {
    private ThisHost() {}

    /** The host's own name for itself, which no name server need know. */
    public static String name() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            String name = System.getenv("HOSTNAME");
            return name == null ? "an unnamed host" : name;
        }
    }
}
