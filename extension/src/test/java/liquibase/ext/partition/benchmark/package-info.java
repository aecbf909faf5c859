/**
 * Programs that measure. The Javadoc of each one says how to run its {@code main}; the test suite runs none of them.
 */
package liquibase.ext.partition.benchmark;
