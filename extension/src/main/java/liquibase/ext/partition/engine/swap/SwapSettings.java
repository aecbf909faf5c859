package liquibase.ext.partition.engine.swap;

import liquibase.ext.partition.engine.run.LockPolicy;

/**
 * How a swap, or its way back, takes its lock.
 *
 * @param maxDrainRows more delta rows than this are not drained under the lock: it is given back, and they are replayed
 *     outside it first
 */
public record SwapSettings(LockPolicy lock, long maxDrainRows) {
    /** Some tenths of a second under the lock. */
    public static final long DEFAULT_MAX_DRAIN_ROWS = 5_000;

    public SwapSettings {
        if (maxDrainRows < 1) {
            throw new IllegalArgumentException("maxDrainRows is " + maxDrainRows + "; it must be 1 or more.");
        }
    }
}
