/**
 * Surveys a table before anything is made: what it is, what comes along, what changes, what is refused and what to do
 * about it.
 *
 * <p>Reads the catalog, and of each table at most a few thousand rows, in at most a few seconds; makes nothing.
 * {@code sample} reads the rows. Owns few obstacles and few announcements: {@code belonging} and {@code refusal} find
 * most of them. Called by {@code prepare}, and by the generator's {@code plan} and {@code inspect}.
 */
package liquibase.ext.partition.engine.survey;
