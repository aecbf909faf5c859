package liquibase.ext.partition.engine.belonging.grants;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The rights that the leaving table has now, and no others: default privileges may have added some. An owner that has
 * revoked its own rights gets back those on the leaving table by which it is kept up to date, or emptied.
 *
 * <p>Nobody else may make triggers on the leaving table from then on, or foreign keys that refer to it. Changes are
 * replayed into it, and a trigger fires with the rights of whoever writes: of the role that runs the migration, which
 * may be a superuser. If the table comes back, it gets the rights of the one that leaves then.
 */
public record TableGrants(TablePair pair) implements SwitchPart {
    private static final Set<String> NEEDED_TO_KEEP_UP = Set.of("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE");

    private static final Set<String> MAKES_WHAT_FIRES = Set.of("TRIGGER", "REFERENCES");

    private static final Sql GRANT_TO_OWNER =
            Sql.of("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER ON TABLE {table} TO {owner}");

    private static final Sql REVOKE_MAKING =
            Sql.of("REVOKE TRIGGER, REFERENCES ON TABLE {table} FROM {grantees} CASCADE");

    @Override
    public List<Sql> afterRenaming() {
        List<Grant> grants = pair.old().table().grants();
        Identifier owner = pair.old().table().owner();
        List<Sql> statements = new ArrayList<>(SameGrants.on(
                "TABLE", pair.liveName(), owner, pair.next().table().grants(), grants));
        QualifiedName leaving = pair.liveName().sibling(pair.leavingName());
        List<Sql> makers = grants.stream()
                .filter(grant -> !grant.toOwner() && MAKES_WHAT_FIRES.contains(grant.privilege()))
                .map(grant -> grant.grantee().map(Identifier::asSql).orElse(Sql.raw("PUBLIC")))
                .distinct()
                .toList();
        if (!makers.isEmpty()) {
            statements.add(REVOKE_MAKING.with("table", leaving).with("grantees", Sql.list(makers)));
        }
        Set<String> missing = new HashSet<>(NEEDED_TO_KEEP_UP);
        grants.stream()
                .filter(grant -> grant.toOwner() && grant.column().isEmpty())
                .map(Grant::privilege)
                .forEach(missing::remove);
        if (!missing.isEmpty()) {
            statements.add(GRANT_TO_OWNER.with("table", leaving).with("owner", owner));
        }
        return statements;
    }
}
