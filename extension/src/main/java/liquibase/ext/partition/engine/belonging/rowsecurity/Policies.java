package liquibase.ext.partition.engine.belonging.rowsecurity;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Row level security with its policies. The leaving table keeps its own, so that its rows do not become readable. A
 * policy that names the table in a sub-select is read before the renaming and made after it, so that it refers to the
 * table that has the name then.
 *
 * <p>Partitions are protected too, without a policy, because a member of {@code pg_read_all_data} could read them by
 * their own names.
 *
 * @param leaving the row security of the old table
 * @param entering the row security of the next one
 */
public record Policies(TablePair pair, RowSecurity leaving, RowSecurity entering) implements SwitchPart {
    private static final Sql SET =
            Sql.of("ALTER TABLE {table} {enabled} ROW LEVEL SECURITY, {forced} ROW LEVEL SECURITY");
    private static final Sql DROP_POLICY = Sql.of("DROP POLICY {policy} ON {table}");
    private static final Sql CREATE_POLICY =
            Sql.of("CREATE POLICY {policy} ON {table} AS {kind} FOR {command} TO {roles}{using}{check}");
    private static final Sql USING = Sql.of(" USING ({expression})");
    private static final Sql WITH_CHECK = Sql.of(" WITH CHECK ({expression})");
    private static final Sql COMMENT = Sql.of("COMMENT ON POLICY {policy} ON {table} IS {comment}");

    @Override
    public List<Sql> afterRenaming() {
        QualifiedName table = pair.liveName();
        List<Sql> statements = new ArrayList<>();
        // The policies are not compared: the same text can mean one table in this policy and the other table in that
        // one.
        for (RowSecurity.Policy policy : entering.policies()) {
            statements.add(DROP_POLICY.with("policy", policy.name()).with("table", table));
        }
        for (RowSecurity.Policy policy : leaving.policies()) {
            statements.add(create(policy, table));
            policy.comment()
                    .ifPresent(comment -> statements.add(COMMENT.with("policy", policy.name())
                            .with("table", table)
                            .with("comment", Sql.literal(comment))));
        }
        protect(statements, table, entering.enabled(), entering.forced());
        for (RowSecurity.Child child : entering.children()) {
            protect(statements, child.name(), child.enabled(), child.forced());
        }
        return statements;
    }

    private void protect(List<Sql> statements, QualifiedName table, boolean enabled, boolean forced) {
        if (enabled != leaving.enabled() || forced != leaving.forced()) {
            statements.add(SET.with("table", table)
                    .with("enabled", Sql.raw(leaving.enabled() ? "ENABLE" : "DISABLE"))
                    .with("forced", Sql.raw(leaving.forced() ? "FORCE" : "NO FORCE")));
        }
    }

    /** The statement that makes a policy on another table. */
    public static Sql create(RowSecurity.Policy policy, QualifiedName table) {
        String command = switch (policy.command()) {
            case 'r' -> "SELECT";
            case 'a' -> "INSERT";
            case 'w' -> "UPDATE";
            case 'd' -> "DELETE";
            default -> "ALL";
        };
        return CREATE_POLICY
                .with("policy", policy.name())
                .with("table", table)
                .with("kind", Sql.raw(policy.permissive() ? "PERMISSIVE" : "RESTRICTIVE"))
                .with("command", Sql.raw(command))
                .with("roles", policy.roles().isEmpty() ? Sql.raw("PUBLIC") : Sql.list(policy.roles()))
                .with(
                        "using",
                        policy.using()
                                .map(text -> USING.with("expression", Sql.raw(text)))
                                .orElse(Sql.empty()))
                .with(
                        "check",
                        policy.withCheck()
                                .map(text -> WITH_CHECK.with("expression", Sql.raw(text)))
                                .orElse(Sql.empty()));
    }
}
