/**
 * One shape for every kind of thing that hangs on a table: each room of {@code belonging} implements
 * {@code BelongingKind}.
 *
 * <p>Before a switch a kind is asked about an {@code Intent}, a table with its intended new form, or about a
 * {@code WayBack}, a partitioned table and its backup. It answers with obstacles and with {@code AnnouncedChange}s,
 * things that come along but changed, of which people are told in a {@code TellingOrder}; {@code Refusal} is the
 * sentence with which the swap refuses a table that has its obstacles.
 *
 * <p>For a switch it gives {@code SwitchPart}s, the statements and locks that move its things, planned from a
 * {@code SwitchContext}: the {@code Direction}, the {@code TablePair} (the table that leaves and the one that takes its
 * place, each a {@code SwitchedTable}), the migration, and what was read for all parts. A {@code PlannedPart} becomes a
 * part once all are planned. {@code Consequences} are lines for people, printed when the switch has committed.
 * {@code SwitchedNames} are the names of both tables' indexes and sequences, before and after.
 *
 * <p>Once the switch has committed it does what is left, with an {@code AfterSwitch}.
 *
 * <p>The types here run nothing, and know no kind: {@code BelongingKinds} does. Called by every room of
 * {@code belonging}, by {@code refusal} and {@code survey}, by {@code swap}, which runs the parts, and by the
 * generator's {@code plan}, which prints the changes.
 */
package liquibase.ext.partition.engine.belonging.kind;
