/**
 * The command lines as a user runs them: each call is a JVM of its own with the packaged jars on its class path.
 *
 * <p>Owns the start, the output and the end of those processes, and the tests that need them: the gallery's scenarios,
 * what pipelines and people do with them, and what becomes of a process that is killed. Does not own what a change
 * does in detail: the extension tests that, without a process in between.
 *
 * <p>The module's {@code package} phase puts the jars below {@code target/}; so these tests run in {@code mvn verify},
 * not in {@code mvn test}. Called by Maven, and by {@code demo} and {@code faults}, which start such processes too.
 */
package liquibase.ext.partition.endtoend;
