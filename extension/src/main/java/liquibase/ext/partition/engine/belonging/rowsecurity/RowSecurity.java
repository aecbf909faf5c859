package liquibase.ext.partition.engine.belonging.rowsecurity;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * Row level security of a table, as the catalog had it when it was read.
 *
 * @param enabled whether policies decide what roles other than the owner see
 * @param forced whether they decide for the owner too
 * @param policies the policies by name; a table can have some while row level security is disabled
 * @param children its partitions, and how row security is set for each: the table's policies do not restrain a role
 *     that may read a partition by its own name
 */
public record RowSecurity(boolean enabled, boolean forced, List<Policy> policies, List<Child> children) {
    public RowSecurity {
        policies = List.copyOf(policies);
        children = List.copyOf(children);
    }

    /**
     * @param command {@code pg_policy.polcmd}: {@code *} all, {@code r} SELECT, {@code a} INSERT, {@code w} UPDATE,
     *     {@code d} DELETE
     * @param roles the roles that it applies to; PUBLIC if none is named
     * @param using its condition for existing rows, with all names qualified
     * @param withCheck its condition for written rows, likewise
     */
    public record Policy(
            Identifier name,
            boolean permissive,
            char command,
            List<Identifier> roles,
            Optional<String> using,
            Optional<String> withCheck,
            Optional<String> comment) {
        public Policy {
            roles = List.copyOf(roles);
        }
    }

    /** A partition. */
    public record Child(QualifiedName name, boolean enabled, boolean forced) {}

    /** Whether there is anything to carry along. */
    public boolean isUsed() {
        return enabled || forced || !policies.isEmpty();
    }
}
