/**
 * The chunked copy, a step. It cuts the source's heap into chunks as workers take them, each as large as can be copied
 * in about the chunk time, and copies each chunk and writes its checkpoint in one transaction. It resumes with the
 * blocks that are in no finished chunk, and stops when what it noted about the source at the beginning no longer holds.
 *
 * <p>The engine's page explains why every row is copied exactly once. This package neither captures changes
 * ({@code delta}) nor builds indexes ({@code index}). Called by {@code change}, by {@code restart}, which runs it
 * again, and by {@code step} for the default chunk size.
 */
package liquibase.ext.partition.engine.copy;
