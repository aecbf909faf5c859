/**
 * How rows of the two tables match: the columns by which a row is identified on both sides, the values with which it is
 * written on the other side, the routes that some rows take, and the rows that fit nowhere.
 *
 * <p>Owns the rule that such columns must identify rows ({@code RowKey}). Makes pieces of the statements that copy,
 * replay and compare, and runs none of these. Does not own the routes
 * ({@code partitioning.Routes}), nor the conversion of columns ({@code newtable.Conversions}). Called by {@code copy},
 * {@code delta}, {@code verify}, {@code swap} and {@code restart}, by {@code belonging.triggers}, by {@code survey} and
 * {@code prepare} for the rule, and by {@code change}.
 */
package liquibase.ext.partition.engine.rows;
