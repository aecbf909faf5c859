/**
 * The change types for a table that is partitioned already: partitions ahead, partitions that retire, and the exchange
 * of one for others over its range.
 *
 * <p>Does not own the work, which is that of {@code engine.upkeep}, {@code engine.retirement} and
 * {@code engine.exchange}, nor what it has in common with the changes of the first migration, which is in
 * {@code change}. Called by Liquibase alone.
 */
package liquibase.ext.partition.change.upkeep;
