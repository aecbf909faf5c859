/**
 * Reads what a table is: columns, key, indexes, triggers, sequences, grants; {@code properties} reads its properties,
 * and {@code server} asks what is no table's own.
 *
 * <p>Reads only, and judges nothing; one {@link liquibase.ext.partition.engine.catalog.Table} is a snapshot that is as
 * old as its reading. {@code Feature} (what a table can have, and what becomes of it) and {@code Obstacle} (what stands
 * in the way) are here because many rooms above share them. They are words, not verdicts: {@code rows} (the key),
 * {@code belonging}, {@code refusal} and {@code survey} decide which obstacles a table has.
 *
 * <p>Does not own the things that hang on a table and have readers of their own in {@code belonging}. Knows nothing of
 * migrations. Called by every room that plans statements, and by the generator's {@code inspect} and {@code plan}.
 */
package liquibase.ext.partition.engine.catalog;
