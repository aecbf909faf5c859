/**
 * The command line: {@code init}, {@code generate}, their options, their exit codes and what they print.
 *
 * <p>Owns picocli, the exit codes ({@link liquibase.ext.partition.generator.cli.ExitCodes}) and the rule that nobody is
 * shown a stack trace or a password. Does not own reading configs ({@code config}), making changelogs
 * ({@code changelog}) or reading tables ({@code inspect}), which it calls. Called by the Java runtime, and by tests
 * through {@link liquibase.ext.partition.generator.cli.GeneratorCommand#commandLine()}.
 */
package liquibase.ext.partition.generator.cli;
