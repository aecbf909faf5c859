/**
 * The fault harness: lives of tables, from preparation to the drop and back, under live writers, in which a nemesis
 * strikes at random moments; after each strike every write that the server acknowledged must be there exactly once.
 *
 * <p>{@link liquibase.ext.partition.faults.FaultsTest} runs {@link liquibase.ext.partition.faults.Lane}s side by side.
 * A lane has a server of its own, which it may break ({@link liquibase.ext.partition.faults.FaultServer}), and a
 * command line that waits for commands ({@link liquibase.ext.partition.endtoend.WarmCli}), connected through a proxy
 * that can cut the wire ({@link liquibase.ext.partition.testing.TcpProxy}). It plays one
 * {@link liquibase.ext.partition.faults.Life} after the other, in rounds: a command, one or two
 * {@link liquibase.ext.partition.faults.Fault}s, the remedy that the message names, and the comparison. The harness's
 * decisions come from a seed; the timing of the machine does not.
 *
 * <p>A fault that must come at one exact point does not belong here. It gets a test of its own, beside the code that it
 * tests. Called by {@code mvn verify}, and for longer by {@code mvn verify -Pfaults}.
 */
package liquibase.ext.partition.faults;
