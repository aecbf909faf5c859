/**
 * Reads a time out of a column: dates, dates in text, numbers that count from 1970, and keys that begin with a time.
 *
 * <p>Expressions only: each is immutable, raises no error and depends on no setting of a session, so that it can be a
 * partition key. Owns what a user writes about a column's notation, and the function that reads text. Does not know of
 * partitions; called by {@code partitioning}, by the change types to check what was written, and by the generator.
 */
package liquibase.ext.partition.engine.time;
