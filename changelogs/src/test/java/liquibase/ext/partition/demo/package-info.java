/**
 * The demo of {@code mvn -Pdemo}: a live table becomes monthly partitions, by the command lines a user has, and every
 * row is compared with what the writers recorded.
 *
 * <p>Owns the story and its checks. The writers and the comparison are {@link liquibase.ext.partition.testing}'s, the
 * processes {@link liquibase.ext.partition.endtoend}'s. Owns neither, and calls nothing of the engine. Called by Maven.
 */
package liquibase.ext.partition.demo;
