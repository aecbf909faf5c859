package liquibase.ext.partition.engine.state;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * What a switch has recorded of the relations that it changed, for its end and its way back. A row knows its relation
 * by the oid, since that may have another name by then, or be gone.
 */
abstract sealed class SwitchRecords permits SwitchedForeignKeys, SwitchedSequences {
    private final String hole;
    private final QualifiedName table;
    private final Migration migration;

    /**
     * @param hole in the statements, where {@code table}, which has the rows, comes in; {@code migration} is the other
     * one
     */
    SwitchRecords(String hole, QualifiedName table, Migration migration) {
        this.hole = hole;
        this.table = table;
        this.migration = migration;
    }

    final Sql sql(Sql template) {
        return template.with(hole, table).with("migration", migration.id());
    }

    /** The name of the relation today, joined as {@code nspname} and {@code relname}; empty where it is gone. */
    static Optional<QualifiedName> present(ResultSet row) throws SQLException {
        String name = row.getString("relname");
        return name == null ? Optional.empty() : Optional.of(QualifiedName.of(row.getString("nspname"), name));
    }
}
