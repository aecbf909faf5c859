package liquibase.ext.partition.engine.catalog;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A privilege that somebody has on a table, on one column of it, or on a sequence. The owner's own are among them: an
 * owner can take rights from itself.
 *
 * @param grantee empty for PUBLIC
 * @param toOwner whether the grantee is the owner
 * @param privilege as ACLs spell it: {@code SELECT}
 * @param column empty for the whole table
 * @param grantable whether the grantee may pass it on
 * @param grantor given where it is not the owner: nobody but that role can grant in its own name
 */
public record Grant(
        Optional<Identifier> grantee,
        boolean toOwner,
        String privilege,
        Optional<Identifier> column,
        boolean grantable,
        Optional<Identifier> grantor) {}
