package liquibase.ext.partition.change;

import java.util.Set;
import liquibase.ext.partition.engine.run.LockPolicy;

/** The attributes of every change that takes a lock which writers would feel. */
final class LockAttributes {
    static final Set<String> NAMES = Set.of("lockTimeout", "lockAttempts");

    private LockAttributes() {}

    /**
     * @param lockTimeout null for the default
     * @param lockAttempts null for the default
     * @throws IllegalArgumentException with a message for people
     */
    static LockPolicy policy(String lockTimeout, String lockAttempts) {
        return new LockPolicy(
                lockTimeout == null ? LockPolicy.DEFAULT_TIMEOUT : Attributes.duration("lockTimeout", lockTimeout),
                Math.toIntExact(Attributes.positive("lockAttempts", lockAttempts, LockPolicy.DEFAULT_ATTEMPTS)));
    }
}
