/**
 * How a step runs: the session it coordinates from, the worker connections, the pieces of work that they take and how
 * large these are, the lock that keeps a second runner out, the policy by which locks that writers would feel are
 * taken, and the lines that tell people how far it is.
 *
 * <p>Does not know what a step does. Called by every step of the engine.
 */
package liquibase.ext.partition.engine.run;
