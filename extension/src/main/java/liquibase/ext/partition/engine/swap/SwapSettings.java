package liquibase.ext.partition.engine.swap;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.state.DefaultShare;

/**
 * How a swap, or its way back, takes its lock.
 *
 * @param maxDrainRows the most delta rows that are drained under the lock: if there are more, the lock is given back,
 *     and they are replayed outside it first
 * @param waitForOldTransactions how long transactions with a snapshot older than the last replay are waited for
 * @param onOldTransactions what happens if they are still there after that
 * @param acceptedTriggers triggers of which somebody has said that their rows stay in their partition
 * @param maxDefaultShare the share for a comparison that the swap has to make first; if it is empty, the one that the
 *     last comparison was given
 */
public record SwapSettings(
        LockPolicy lock,
        long maxDrainRows,
        Duration waitForOldTransactions,
        OnOldTransactions onOldTransactions,
        Optional<DefaultShare> maxDefaultShare,
        List<Identifier> acceptedTriggers) {
    /** This many rows take some tenths of a second under the lock. */
    public static final long DEFAULT_MAX_DRAIN_ROWS = 5_000;

    public SwapSettings {
        acceptedTriggers = List.copyOf(acceptedTriggers);
        if (maxDrainRows < 1) {
            throw new IllegalArgumentException("maxDrainRows is " + maxDrainRows + "; it must be 1 or more.");
        }
    }

    /** Settings in which a comparison goes by the share that the last one was given. */
    public SwapSettings(
            LockPolicy lock, long maxDrainRows, Duration waitForOldTransactions, OnOldTransactions onOldTransactions) {
        this(lock, maxDrainRows, waitForOldTransactions, onOldTransactions, Optional.empty(), List.of());
    }

    /**
     * Settings with which the swap waits for old transactions as long as all attempts at the lock take together, and
     * then stops.
     */
    public SwapSettings(LockPolicy lock, long maxDrainRows) {
        this(lock, maxDrainRows, lock.patience(), OnOldTransactions.STOP);
    }
}
