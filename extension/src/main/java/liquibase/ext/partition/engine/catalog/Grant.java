package liquibase.ext.partition.engine.catalog;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A privilege that somebody other than the owner has on a table, or on one column of it.
 *
 * @param grantee empty for PUBLIC
 * @param privilege as ACLs spell it: {@code SELECT}
 * @param column empty for the whole table
 */
public record Grant(Optional<Identifier> grantee, String privilege, Optional<Identifier> column, boolean grantable) {}
