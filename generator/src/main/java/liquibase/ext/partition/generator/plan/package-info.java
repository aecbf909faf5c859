/**
 * Shows what partitioning the tables of a config, and its exchanges, would result in, in a database: lets the engine
 * read the tables, and writes what it found as text for people or as JSON for pipelines.
 *
 * <p>Changes nothing in the database. Does not own the survey ({@code engine.survey}) nor the outlook of an exchange
 * ({@code engine.exchange}), nor connections, which its
 * caller opens and closes. Called by {@code cli}.
 */
package liquibase.ext.partition.generator.plan;
