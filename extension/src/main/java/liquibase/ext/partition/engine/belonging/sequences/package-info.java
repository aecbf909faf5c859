/**
 * Sequences that columns of the table own, serial and identity: how they are put in place of each other so that no
 * number is given out twice, there and back.
 *
 * <p>Locks a sequence before it reads its value. Does not own how a sequence is read ({@code catalog}), nor the
 * identity columns of the new table, which {@code newtable} makes. Called by {@code BelongingKinds} for the switch
 * itself and what comes after it, by {@code swap} for what comes before it and at the drop of the backup, and by
 * {@code prepare} for what an earlier migration left.
 */
package liquibase.ext.partition.engine.belonging.sequences;
