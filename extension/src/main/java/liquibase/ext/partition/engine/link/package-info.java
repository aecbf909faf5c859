/**
 * Checks whether the other side is still there: a connection that gives no answer, a client that is gone, a pooler that
 * mixes sessions, the server process behind a connection.
 *
 * <p>Does not reconnect; {@code connection} does, outside the engine. Called by {@code run} and by {@code connection}.
 */
package liquibase.ext.partition.engine.link;
