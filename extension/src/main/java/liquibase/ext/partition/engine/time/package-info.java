/**
 * Reads a time out of a column, whatever its notation: dates, dates in text, numbers that count from 1970, and keys
 * that begin with a time.
 *
 * <p>A new notation of time goes here, as a {@code TimeEncoding}; a new kind of partition key begins in
 * {@code partitioning}. All are expressions: each is immutable, raises no error and depends on no setting of a session,
 * so that it can be a partition key.
 *
 * <p>Also owns how users name a notation, and the function that reads dates in text. Does not know of partitions.
 * Called by {@code partitioning}, {@code newtable}, {@code rows} and {@code survey}, by the change types to check what
 * was written, and by the generator's {@code config} and {@code inspect}.
 */
package liquibase.ext.partition.engine.time;
