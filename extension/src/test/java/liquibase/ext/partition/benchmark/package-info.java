/**
 * Programs that measure. Each has a {@code main} whose Javadoc says how it is run; the test suite runs none of them.
 */
package liquibase.ext.partition.benchmark;
