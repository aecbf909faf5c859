/**
 * Programs that measure. The Javadoc of each one says how to run its {@code main}. Owns no check of what is right:
 * tests do that. Called by people only; the test suite runs none of them.
 */
package liquibase.ext.partition.benchmark;
