package liquibase.ext.partition.statement;

import java.util.List;
import liquibase.database.Database;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.step.Step;
import liquibase.statement.SqlStatement;
import liquibase.statement.core.RawSqlStatement;

/**
 * A step in SQL that Liquibase prints. The record of the changeset follows it in the script, so the script must not get
 * there unless the work is done.
 */
public final class PrintedStep {
    /**
     * Ends the session, and with it the script, whether or not psql was told to stop at errors: otherwise the next
     * statement of the script would record the change as done.
     */
    private static final Sql NOT_A_SCRIPT = Sql.of("""
            DO $liquibase_partition$
            BEGIN
              RAISE WARNING '%', {message};
              PERFORM pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid());
            END
            $liquibase_partition$""");

    /**
     * Ends the session if a script has not done its work. After a failed statement psql goes on, unless it was told not
     * to, and would record the change as done.
     */
    private static final Sql END_UNLESS = Sql.of("""
            DO $liquibase_partition$
            BEGIN
              PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
              IF pg_catalog.to_regclass({migrationName}) IS NOT NULL THEN
                IF EXISTS (SELECT FROM {migration} AS m
                           WHERE m.source_schema = {schema} AND m.source_table = {table} AND {condition}) THEN
                  RETURN;
                END IF;
              END IF;
              RAISE WARNING '%', {message};
              PERFORM pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid());
            END
            $liquibase_partition$""");

    /** The script has taken Liquibase's lock at its beginning, and would have released it at its end. */
    private static final String LOCK_IS_LEFT =
            " This session ends here, so that it is not recorded as done. The script has"
                    + " left DATABASECHANGELOGLOCK held: run liquibase release-locks";

    private PrintedStep() {}

    public static SqlStatement[] script(List<Sql> statements) {
        return statements.stream().map(PrintedStep::raw).toArray(SqlStatement[]::new);
    }

    /**
     * For work that no script can do: one statement with its comments. As separate statements, Liquibase would end each
     * line with a semicolon.
     */
    public static SqlStatement refusal(String what, List<String> comments) {
        StringBuilder commented = new StringBuilder();
        comments.stream()
                .flatMap(String::lines)
                .forEach(line -> commented.append("-- ").append(line).append('\n'));
        Sql refusal = NOT_A_SCRIPT.with(
                "message",
                Sql.literal(what
                        + " is done by Liquibase itself, not by a script. Nothing of it was done." + LOCK_IS_LEFT
                        + ", then the command itself instead of its script."));
        return raw(Sql.join("", List.of(Sql.raw(commented.toString()), refusal)));
    }

    /**
     * The end of a script, which ends the session if the migration's record does not say that the work is done.
     *
     * @param condition a condition on the migration's row {@code m}
     */
    public static Sql endUnless(Step step, Database database, Sql condition) {
        QualifiedName source = step.source(database);
        QualifiedName migration = LiquibaseEnvironment.state(database).migration();
        return END_UNLESS
                .with("migrationName", migration.quoted())
                .with("migration", migration)
                .with("schema", source.schema().name())
                .with("table", source.name().name())
                .with("condition", condition)
                .with(
                        "message",
                        step.stepName().elementName() + " on " + source
                                + " failed; see the error above. It was rolled back." + LOCK_IS_LEFT
                                + ", remove the cause, and run the script again or liquibase update.");
    }

    @SuppressWarnings("deprecation") // Its successor would bind parameters, and a script has none.
    private static SqlStatement raw(Sql sql) {
        return new RawSqlStatement(sql.script());
    }
}
