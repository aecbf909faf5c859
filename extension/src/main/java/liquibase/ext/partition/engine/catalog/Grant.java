package liquibase.ext.partition.engine.catalog;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A privilege that somebody has on a table, on one of its columns, or on a sequence. The owner's own are among them,
 * because an owner can revoke its own rights.
 *
 * @param grantee the role that has it; empty for PUBLIC
 * @param toOwner whether the grantee is the owner
 * @param privilege its name in ACLs: {@code SELECT}
 * @param column the column; empty for the whole table
 * @param grantable whether the grantee may pass it on
 * @param grantor the role that granted it, if it is not the owner: only a role itself can grant in its own name
 */
public record Grant(
        Optional<Identifier> grantee,
        boolean toOwner,
        String privilege,
        Optional<Identifier> column,
        boolean grantable,
        Optional<Identifier> grantor) {}
