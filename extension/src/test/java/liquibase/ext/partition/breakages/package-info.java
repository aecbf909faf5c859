/**
 * Shows that the tests notice a broken engine: each patch in {@code src/test/breakages} breaks one place of it on
 * purpose, and names the tests that must turn red.
 *
 * <p>{@code mvn -Pbreakages} breaks the engine once per patch, in a copy, and fails when the tests stay green.
 * {@code mvn verify} only checks that every patch still fits the sources. Owns the patches' form
 * ({@link liquibase.ext.partition.breakages.Breakage}), the broken copy
 * ({@link liquibase.ext.partition.breakages.BrokenCopy}) and the JVM that tests it
 * ({@link liquibase.ext.partition.breakages.NamedTests}). Does not know what the tests are about. Called by Maven.
 */
package liquibase.ext.partition.breakages;
