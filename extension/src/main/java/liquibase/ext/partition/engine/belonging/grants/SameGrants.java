package liquibase.ext.partition.engine.belonging.grants;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlFragment;

/**
 * Gives an object the grants that another one has. A right that a grantee has passed on ({@code WITH GRANT OPTION}) is
 * granted by the owner afterwards, because only a role itself can grant in its own name.
 */
public final class SameGrants {
    /** CASCADE, because grants that the grantee has passed on depend on it. */
    private static final Sql REVOKE_ALL = Sql.of("REVOKE ALL ON {kind} {object} FROM {grantees} CASCADE");

    private static final Sql GRANT = Sql.of("GRANT {privileges} ON {kind} {object} TO {grantee}{option}");
    private static final Sql OF_COLUMN = Sql.of("{privilege} ({column})");

    /** The properties that are compared; the grantor and the owner's name do not matter. */
    private record Right(Optional<Identifier> grantee, String privilege, Optional<Identifier> column) {
        Sql recipient() {
            return name(grantee.orElse(null));
        }
    }

    /** The rights that one statement can grant together. */
    private record Recipient(Sql grantee, boolean grantable) {}

    private SameGrants() {}

    /**
     * Statements that leave {@code object} with the grants in {@code wanted}, and no others.
     *
     * @param owner the owner of the object by then, and of the one that has the wanted grants
     */
    public static List<Sql> on(
            String kind, SqlFragment object, Identifier owner, List<Grant> present, List<Grant> wanted) {
        List<Sql> statements = new ArrayList<>();
        Map<Right, Boolean> ownersWanted = rights(wanted, true);
        if (!rights(present, true).equals(ownersWanted)) {
            statements.add(revoke(kind, object, List.of(owner.asSql())));
            grant(statements, kind, object, ownersWanted, right -> owner.asSql());
        }
        Map<Right, Boolean> others = rights(present, false);
        Map<Right, Boolean> othersWanted = rights(wanted, false);
        if (isWithin(others, othersWanted)) {
            // The rights that are there stay, whoever granted them.
            grant(statements, kind, object, missing(others, othersWanted), Right::recipient);
        } else {
            List<Sql> grantees = present.stream()
                    .filter(it -> !it.toOwner())
                    .map(it -> name(it.grantee().orElse(null)))
                    .distinct()
                    .toList();
            if (!grantees.isEmpty()) {
                statements.add(revoke(kind, object, grantees));
            }
            grant(statements, kind, object, othersWanted, Right::recipient);
        }
        return statements;
    }

    /** Whether nothing has to be revoked. */
    private static boolean isWithin(Map<Right, Boolean> present, Map<Right, Boolean> wanted) {
        return present.entrySet().stream()
                .allMatch(it -> wanted.containsKey(it.getKey()) && (!it.getValue() || wanted.get(it.getKey())));
    }

    private static Map<Right, Boolean> missing(Map<Right, Boolean> present, Map<Right, Boolean> wanted) {
        Map<Right, Boolean> missing = new LinkedHashMap<>(wanted);
        missing.entrySet().removeAll(present.entrySet());
        return missing;
    }

    /** @return the rights, each with whether it can be passed on; several roles may have granted the same right */
    private static Map<Right, Boolean> rights(List<Grant> grants, boolean ofOwner) {
        Map<Right, Boolean> rights = new LinkedHashMap<>();
        for (Grant grant : grants) {
            if (grant.toOwner() == ofOwner) {
                rights.merge(
                        new Right(ofOwner ? Optional.empty() : grant.grantee(), grant.privilege(), grant.column()),
                        grant.grantable(),
                        Boolean::logicalOr);
            }
        }
        return rights;
    }

    private static Sql revoke(String kind, SqlFragment object, List<Sql> grantees) {
        return REVOKE_ALL.with("kind", Sql.raw(kind)).with("object", object).with("grantees", Sql.list(grantees));
    }

    private static void grant(
            List<Sql> statements,
            String kind,
            SqlFragment object,
            Map<Right, Boolean> rights,
            Function<Right, Sql> grantee) {
        Map<Recipient, List<Sql>> privileges = new LinkedHashMap<>();
        rights.forEach((right, grantable) -> privileges
                .computeIfAbsent(new Recipient(grantee.apply(right), grantable), it -> new ArrayList<>())
                .add(privilege(right)));
        privileges.forEach((recipient, granted) -> statements.add(GRANT.with("privileges", Sql.list(granted))
                .with("kind", Sql.raw(kind))
                .with("object", object)
                .with("grantee", recipient.grantee())
                .with("option", Sql.raw(recipient.grantable() ? " WITH GRANT OPTION" : ""))));
    }

    private static Sql privilege(Right right) {
        Sql privilege = Sql.raw(right.privilege());
        return right.column()
                .map(column -> OF_COLUMN.with("privilege", privilege).with("column", column))
                .orElse(privilege);
    }

    /** @param grantee the role; null for everybody */
    private static Sql name(Identifier grantee) {
        return grantee == null ? Sql.raw("PUBLIC") : grantee.asSql();
    }
}
