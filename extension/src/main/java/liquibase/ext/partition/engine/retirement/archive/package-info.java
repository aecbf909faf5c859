/**
 * Rows of a partition in files: written through the client's connection, read back and compared, and brought back.
 *
 * <p>Owns the form of such an archive: a directory with gzipped CSV, a file for each chunk of the table's blocks, and a
 * manifest, which is written last and says what every file must hold. Does not own which partitions are archived, what
 * is recorded of them, nor when one is dropped ({@code retirement}). Called by {@code retirement}, and by the
 * generator's {@code restore}.
 */
package liquibase.ext.partition.engine.retirement.archive;
