/**
 * The command lines as a user runs them: each call is a JVM of its own with the packaged jars on its class path.
 *
 * <p>Owns the start, the output and the end of those processes, and the tests that need them: the gallery's scenarios,
 * what pipelines and people do with them, and what becomes of a process that is killed. What a change does in detail is
 * tested in the extension, without a process in between.
 *
 * <p>The module's {@code package} phase puts the jars below {@code target/}; so these tests run in {@code mvn verify},
 * not in {@code mvn test}.
 */
package liquibase.ext.partition.endtoend;
