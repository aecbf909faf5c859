package liquibase.ext.partition.engine.swap.carry;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlFragment;

/** Gives an object the grants that another one has. */
final class SameGrants {
    private static final Sql REVOKE_ALL = Sql.of("REVOKE ALL ON {kind} {object} FROM {grantee}");
    private static final Sql GRANT = Sql.of("GRANT {privilege} ON {kind} {object} TO {grantee}{option}");

    private SameGrants() {}

    /** Statements that leave {@code object} with the grants in {@code wanted}, and no others. */
    static List<Sql> on(String kind, SqlFragment object, List<Grant> present, List<Grant> wanted) {
        if (present.equals(wanted)) {
            return List.of();
        }
        List<Sql> statements = new ArrayList<>();
        present.stream()
                .map(SameGrants::grantee)
                .distinct()
                .forEach(grantee -> statements.add(REVOKE_ALL
                        .with("kind", Sql.raw(kind))
                        .with("object", object)
                        .with("grantee", grantee)));
        for (Grant grant : wanted) {
            Sql privilege = Sql.raw(grant.privilege());
            statements.add(GRANT.with(
                            "privilege",
                            grant.column()
                                    .map(column -> Sql.of("{privilege} ({column})")
                                            .with("privilege", privilege)
                                            .with("column", column))
                                    .orElse(privilege))
                    .with("kind", Sql.raw(kind))
                    .with("object", object)
                    .with("grantee", grantee(grant))
                    .with("option", Sql.raw(grant.grantable() ? " WITH GRANT OPTION" : "")));
        }
        return statements;
    }

    private static Sql grantee(Grant grant) {
        return grant.grantee().map(Identifier::asSql).orElse(Sql.raw("PUBLIC"));
    }
}
