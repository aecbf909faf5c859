package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.belonging.foreignkeys.SwitchedForeignKeys;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKeyReader;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.ForeignKeyTriggerNames;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * A foreign key that refers to the table, PostgreSQL's own or kept by triggers. A partition to whose rows others refer
 * cannot leave. PostgreSQL refuses that for its own keys; for the others nobody but us would notice.
 *
 * @param columns the referring columns, as SQL
 * @param referenced the columns that they refer to
 * @param onReferenced the triggers by which the key is kept, on the table and on its children; empty for PostgreSQL's
 *     own
 */
record ReferringKey(
        Identifier name, QualifiedName referring, Sql columns, Sql referenced, List<Identifier> onReferenced) {
    private static final Sql REFERS = Sql.of("""
            SELECT EXISTS (SELECT FROM {referring} WHERE ({columns}) IN (SELECT {referenced} FROM ONLY {partition}))""");

    /** Whether the key is still kept: somebody may have dropped its trigger since, as one drops a constraint. */
    private static final Sql IS_KEPT = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger
                           WHERE tgrelid = pg_catalog.to_regclass({referring}) AND tgname = {name} AND tgfoid = pg_catalog.to_regprocedure({function}))""");

    private static final String NAMES = "((?:\"(?:[^\"]|\"\")*\"|[^\")])*)";
    private static final Pattern DEFINITION = Pattern.compile(
            "FOREIGN KEY \\(" + NAMES + "\\) REFERENCES (?:\"(?:[^\"]|\"\")*\"|[^\"(])+\\(" + NAMES + "\\).*");

    /**
     * The keys that refer to the partitioned table.
     *
     * @param table its oid
     */
    static List<ReferringKey> of(Session session, StateTables state, Migration migration, long table)
            throws SQLException {
        List<ReferringKey> keys = new ArrayList<>();
        for (ForeignKey key : new ForeignKeyReader(session).incoming(table)) {
            if (key.enforced()) {
                keys.add(new ReferringKey(
                        key.name(),
                        key.referring().name(),
                        Sql.list(key.columns().stream()
                                .map(ForeignKey.Pair::column)
                                .toList()),
                        Sql.list(key.columns().stream()
                                .map(ForeignKey.Pair::referenced)
                                .toList()),
                        List.of()));
            }
        }
        if (migration.spec().incomingForeignKeys() == IncomingForeignKeys.TRIGGER) {
            for (SwitchedForeignKeys.Row row : new SwitchedForeignKeys(state, migration).find(session, true)) {
                if (!row.kept()) {
                    addKept(keys, session, migration, row);
                }
            }
        }
        return keys;
    }

    private static void addKept(
            List<ReferringKey> keys, Session session, Migration migration, SwitchedForeignKeys.Row row)
            throws SQLException {
        ForeignKeyTriggerNames names = new ForeignKeyTriggerNames(migration.source(), row.referringName(), row.name());
        Matcher definition = DEFINITION.matcher(row.definition());
        if (!definition.matches()) {
            return;
        }
        // A database that was dumped and restored has given the table another oid.
        for (QualifiedName referring : Stream.concat(row.present().stream(), Stream.of(row.referringName()))
                .distinct()
                .toList()) {
            if (session.queryBoolean(IS_KEPT.with("referring", referring.quoted())
                    .with("name", row.name().name())
                    .with("function", names.functions().get(0).quoted() + "()"))) {
                keys.add(new ReferringKey(
                        row.name(),
                        referring,
                        Sql.raw(definition.group(1)),
                        Sql.raw(definition.group(2)),
                        names.triggersOnReferenced()));
                return;
            }
        }
    }

    /** Whether PostgreSQL does not look when a partition leaves. */
    boolean isKeptByTriggers() {
        return !onReferenced.isEmpty();
    }

    /** The question whether a row refers to a row of the partition. */
    Sql question(QualifiedName partition) {
        return REFERS.with("referring", referring)
                .with("columns", columns)
                .with("referenced", referenced)
                .with("partition", partition);
    }

    @Override
    public String toString() {
        return "%s of %s".formatted(name, referring);
    }
}
