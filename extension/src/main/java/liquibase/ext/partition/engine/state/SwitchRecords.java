package liquibase.ext.partition.engine.state;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The records of a switch about relations that it changed, for its completion and its way back. A row refers to its
 * relation by the oid, since the relation may have another name by then, or be gone.
 */
public abstract class SwitchRecords {
    private final String hole;
    private final QualifiedName table;
    private final Migration migration;

    /**
     * @param hole the hole in the statements for {@code table}, which has the rows; the hole {@code migration} is for
     * the other table
     */
    public SwitchRecords(String hole, QualifiedName table, Migration migration) {
        this.hole = hole;
        this.table = table;
        this.migration = migration;
    }

    protected final Sql sql(Sql template) {
        return template.with(hole, table).with("migration", migration.id());
    }

    /** The present name of the relation, joined as {@code nspname} and {@code relname}; empty if it is gone. */
    protected static Optional<QualifiedName> present(ResultSet row) throws SQLException {
        String name = row.getString("relname");
        return name == null ? Optional.empty() : Optional.of(QualifiedName.of(row.getString("nspname"), name));
    }
}
