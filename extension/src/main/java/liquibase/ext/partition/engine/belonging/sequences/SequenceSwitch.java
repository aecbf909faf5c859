package liquibase.ext.partition.engine.belonging.sequences;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;

/**
 * The treatment of the two tables' sequences before and after the switch. The switch itself locks no sequence that
 * writers use: {@code nextval} holds ROW EXCLUSIVE on its sequence until the end of the transaction, and writers come
 * to the sequence before the table (they ask for an id, then insert) or after it (the column's default), so that no
 * order of locks is right for both.
 *
 * <p>A <b>serial</b> column's sequence is the default of both tables. Only its owner changes, after the switch.
 *
 * <p>An <b>identity</b> column has a sequence on each side. From the switch until the names are exchanged both may be
 * asked: the entering table's by its identity, the leaving one's by its name. The following keeps them from ever giving
 * the same value, however long that lasts:
 * <ol>
 *   <li>Before each attempt the leaving sequence, which counts by <i>k</i>, is <i>stretched</i>: it counts by
 *       2<i>k</i>. From then on it gives <i>v</i>, <i>v</i> + 2<i>k</i>, <i>v</i> + 4<i>k</i> … ALTER SEQUENCE waits
 *       for transactions that have used the sequence, and voids what sessions have cached of it, so there are no
 *       exceptions. The entering sequence, which nobody uses, gets the same options.
 *   <li>In the switch the entering sequence is set to go on at <i>v</i> + <i>k</i> plus a multiple of 2<i>k</i>, past
 *       everything that was given out. The leaving sequence gives none of those values afterwards. Reading its position
 *       is enough.
 *   <li>After the switch the names are exchanged. A transaction that is older than the exchange can have looked up the
 *       name before, and ask the sequence that was put aside; so the step waits for it for a short time. Then the live
 *       sequence goes on after both, by <i>k</i>. If such a transaction lasts longer,
 *       {@value #LEFT_FOR_OLD_TRANSACTIONS} values are left to it, and the live sequence goes on after these.
 * </ol>
 *
 * <p>{@code partition_sequence} records which sequence is stretched and what it counted by. The work of a run that was
 * killed is finished, or taken back if there was no switch, by the next run of the same step or by the rollback.
 *
 * <p>Transactions: one for each sequence, or pair of sequences. Locks: only on sequences, under the lock policy; ACCESS
 * SHARE on the live table when it becomes the owner of a sequence. Two sequences that writers use are locked as
 * {@link liquibase.ext.partition.engine.lock.LockPatience} says. Safe to repeat.
 */
public final class SequenceSwitch {
    /** While older transactions are waited for, the live sequence counts by twice its increment. */
    private static final Duration LONGEST_PATIENCE = Duration.ofSeconds(10);

    static final long LEFT_FOR_OLD_TRANSACTIONS = 1000;
    private static final Duration BRIEFLY = Duration.ofSeconds(1);

    private final StepRun run;
    private final Migration migration;
    private final SwitchedSequences state;
    private final TableReader reader;
    private final IdentitySequences identities;
    private final SerialSequences serials;

    public SequenceSwitch(StepRun run, Migration migration) {
        this(run, migration, LONGEST_PATIENCE);
    }

    /**
     * @param patience how long to wait for transactions that are older than the exchange of names, if it is shorter
     * than ours
     */
    public SequenceSwitch(StepRun run, Migration migration, Duration patience) {
        this.run = run;
        this.migration = migration;
        this.state = new SwitchedSequences(run.state(), migration);
        this.reader = new TableReader(run.session());
        this.identities = new IdentitySequences(
                run, migration, patience.compareTo(LONGEST_PATIENCE) < 0 ? patience : LONGEST_PATIENCE);
        this.serials = new SerialSequences(run, migration);
    }

    /** The statements that a swap runs before its transaction, planned from the present tables. */
    public List<Sql> reviewBefore(Table leaving, Table entering) {
        return identities.reviewBefore(leaving, entering);
    }

    /**
     * The statements that a swap runs after its transaction, in one transaction for each sequence, or pair of
     * sequences.
     */
    public List<Sql> reviewAfter(Table leaving, Table entering) {
        List<Sql> statements = new ArrayList<>(identities.reviewAfter(leaving, entering));
        statements.addAll(serials.reviewAfter(leaving, entering));
        return statements;
    }

    /** See {@link IdentitySequences#requireFreeNames}. */
    public void requireFreeNames(Table leaving, Table entering) throws SQLException {
        identities.requireFreeNames(leaving, entering);
    }

    /** See {@link IdentitySequences#stretch}. */
    public void stretch(QualifiedName leaving, QualifiedName entering, LockPolicy lock) throws SQLException {
        identities.stretch(leaving, entering, lock);
    }

    /** See {@link IdentitySequences#isReady}. */
    public boolean isReady(QualifiedName leaving, QualifiedName entering) throws SQLException {
        return identities.isReady(reader.require(leaving), reader.require(entering));
    }

    /**
     * For a switch that does not come for now, or whose commit was not acknowledged. Does not wait for long; the next
     * {@link #finish} does what is left.
     *
     * @param before the idle table's name if there was no switch
     * @param after its name if there was one
     */
    public void takeBack(QualifiedName before, QualifiedName after) throws SQLException {
        try {
            finish(reader.find(before).isPresent() ? before : after, new LockPolicy(BRIEFLY, 1));
        } catch (LockNotAvailable e) {
            run.line("A sequence of %s counts by twice its increment until the step is tried again or rolled back."
                    .formatted(run.source()));
        }
    }

    /**
     * Finishes what a switch has left to do, or takes back what was done for a switch that did not come. Does nothing
     * if nothing is left.
     *
     * @param idleName the table that does not have the live name: the backup, or the new table
     */
    public void finish(QualifiedName idleName, LockPolicy lock) throws SQLException {
        Table live = reader.require(run.source());
        Optional<Table> idle =
                reader.find(idleName).filter(it -> it.oid() == migration.sourceOid() || it.oid() == migration.newOid());
        for (SwitchedSequences.Row row : state.find(run.session())) {
            if (row.increment().isPresent()) {
                identities.finish(row, live, idle.orElse(null), lock);
            }
        }
        if (idle.isPresent()) {
            serials.finish(live, idle.get(), lock);
        }
    }

    /** See {@link SerialSequences#tellOfTheEnd}. */
    public void tellOfTheEnd() throws SQLException {
        serials.tellOfTheEnd();
    }

    /** Forgets the records once there is no way back any more, in the open transaction. */
    public void forget() throws SQLException {
        run.session().update(state.deleteAllStatement());
    }
}
