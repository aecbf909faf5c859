/**
 * The command line: {@code init}, {@code plan}, {@code generate}, their options, their exit codes and their output.
 *
 * <p>Owns picocli, the exit codes ({@link liquibase.ext.partition.generator.cli.ExitCodes}) and the rule that nobody is
 * shown a stack trace or a password. Does not own reading configs ({@code config.read}), making changelogs
 * ({@code changelog}), reading tables ({@code inspect}) or plans ({@code plan}), which it calls. Called by the Java
 * runtime, and by tests through {@link liquibase.ext.partition.generator.cli.GeneratorCommand#commandLine()}.
 */
package liquibase.ext.partition.generator.cli;
