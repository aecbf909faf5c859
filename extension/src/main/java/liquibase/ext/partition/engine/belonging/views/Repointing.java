package liquibase.ext.partition.engine.belonging.views;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.grants.SameGrants;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Makes views, functions and policies of other tables, which refer to the table by its oid, refer to the table that has
 * the name afterwards. Their text in the catalog is read before the renaming and run again after it. Views, policies,
 * and functions in which only the body refers to the table are replaced in place, so that everything tied to them
 * (grants, comments, defaults, triggers, other views) stays. A function with the row type in its signature is a
 * different function under the old name afterwards: it is made anew, and the old one is dropped.
 *
 * <p>A body that is text needs no change, but a session that has compiled a PL/pgSQL function keeps plans for variables
 * of the old row type. PostgreSQL 14 fails every later call in that session ("type of parameter does not match that
 * when preparing the plan"), so functions with the name in their text are compiled again.
 *
 * <p>Somebody who reads through a view locks the view first and then what it reads, so the views are locked before.
 * LOCK TABLE would also lock everything beneath a view; changing the owner to the present owner locks the view alone.
 */
public record Repointing(Dependents dependents) implements SwitchPart {
    private static final Sql LOCK_VIEW = Sql.of("ALTER VIEW {view} OWNER TO {owner}");
    private static final Sql LOCK_TABLE = Sql.of("LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE");

    private static final Sql REPLACE_VIEW = Sql.of("CREATE OR REPLACE VIEW {view}{options} AS\n{definition}");
    private static final Sql OPTIONS = Sql.of(" WITH ({options})");

    /** Changes only the function's row in the catalog. */
    private static final Sql COMPILE_AGAIN = Sql.of("ALTER ROUTINE {function} SECURITY {security}");

    private static final Sql RENAME_FUNCTION = Sql.of("ALTER ROUTINE {function} RENAME TO {name}");
    private static final Sql OWN_FUNCTION = Sql.of("ALTER ROUTINE {function} OWNER TO {owner}");
    private static final Sql COMMENT_FUNCTION = Sql.of("COMMENT ON ROUTINE {function} IS {comment}");
    private static final Sql LABEL_FUNCTION = Sql.of("SECURITY LABEL FOR {provider} ON ROUTINE {function} IS {label}");
    private static final Sql DROP_FUNCTIONS = Sql.of("DROP ROUTINE {functions}");

    /** Bodies that are text are not checked: they may name objects that do not exist at this moment. */
    private static final Sql TAKE_BODIES_AS_THEY_ARE = Sql.of("SET LOCAL check_function_bodies = off");

    /** Wraps statements because a semicolon in such a body does not end the statement, which not every client knows. */
    private static final Sql EXECUTE = Sql.of("DO {outer}BEGIN EXECUTE {inner}{definition}{inner}; END{outer}");

    private static final Sql ALTER_POLICY = Sql.of("ALTER POLICY {policy} ON {table}{using}{check}");
    private static final Sql USING = Sql.of(" USING ({expression})");
    private static final Sql CHECK = Sql.of(" WITH CHECK ({expression})");

    @Override
    public List<Lock> locks() {
        List<Lock> locks = new ArrayList<>();
        for (Dependents.View view : dependents.views()) {
            // A view that reads another one is locked before that one.
            locks.add(
                    0, Lock.of(view.name(), LOCK_VIEW.with("view", view.name()).with("owner", view.owner())));
        }
        dependents.policies().stream()
                .map(Dependents.Policy::table)
                .distinct()
                .forEach(table -> locks.add(Lock.of(table, LOCK_TABLE.with("table", table))));
        return locks;
    }

    @Override
    public List<Sql> beforeRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Dependents.CompiledRoutine function : dependents.compiled()) {
            statements.add(COMPILE_AGAIN
                    .with("function", function.signature())
                    .with("security", Sql.raw(function.securityDefiner() ? "DEFINER" : "INVOKER")));
        }
        List<Dependents.Routine> remade = remade();
        for (int i = 0; i < remade.size(); i++) {
            statements.add(
                    RENAME_FUNCTION.with("function", remade.get(i).signature()).with("name", aside(i).name()));
        }
        return statements;
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        if (!dependents.functions().isEmpty()) {
            statements.add(TAKE_BODIES_AS_THEY_ARE);
        }
        for (Dependents.Routine function : dependents.functions()) {
            statements.add(definition(function));
            if (function.remade()) {
                dress(statements, function);
            }
        }
        for (Dependents.View view : dependents.views()) {
            statements.add(REPLACE_VIEW
                    .with("view", view.name())
                    .with(
                            "options",
                            view.options().isEmpty()
                                    ? Sql.empty()
                                    : OPTIONS.with("options", Sql.raw(String.join(", ", view.options()))))
                    .with("definition", Sql.raw(view.definition())));
        }
        for (Dependents.Policy policy : dependents.policies()) {
            statements.add(ALTER_POLICY
                    .with("policy", policy.name())
                    .with("table", policy.table())
                    .with(
                            "using",
                            policy.using()
                                    .map(it -> USING.with("expression", Sql.raw(it)))
                                    .orElse(Sql.empty()))
                    .with(
                            "check",
                            policy.withCheck()
                                    .map(it -> CHECK.with("expression", Sql.raw(it)))
                                    .orElse(Sql.empty())));
        }
        List<QualifiedName> old = new ArrayList<>();
        for (int i = 0; i < remade().size(); i++) {
            old.add(aside(i));
        }
        if (!old.isEmpty()) {
            // Without arguments, since nothing else has such a name, and the name of the argument's type is a different
            // one now.
            statements.add(DROP_FUNCTIONS.with("functions", Sql.list(old)));
        }
        return statements;
    }

    private static Sql definition(Dependents.Routine function) {
        Sql definition = Sql.raw(function.definition());
        if (!function.standardBody()) {
            return definition;
        }
        return EXECUTE.with("inner", Sql.dollarQuote("definition", definition))
                .with("outer", Sql.dollarQuote("do", definition))
                .with("definition", definition);
    }

    private static void dress(List<Sql> statements, Dependents.Routine function) {
        Sql signature = function.signature();
        statements.add(OWN_FUNCTION.with("function", signature).with("owner", function.owner()));
        statements.addAll(
                SameGrants.on("ROUTINE", signature, function.owner(), function.grantsWhenMade(), function.grants()));
        function.comment()
                .ifPresent(it -> statements.add(
                        COMMENT_FUNCTION.with("function", signature).with("comment", Sql.literal(it))));
        function.labels()
                .forEach(it -> statements.add(LABEL_FUNCTION
                        .with("provider", new Identifier(it.provider()))
                        .with("function", signature)
                        .with("label", Sql.literal(it.label()))));
    }

    private List<Dependents.Routine> remade() {
        return dependents.functions().stream()
                .filter(Dependents.Routine::remade)
                .toList();
    }

    private QualifiedName aside(int number) {
        QualifiedName name = remade().get(number).name();
        return name.sibling(DerivedName.of(name.name(), "_leaving" + (number + 1)));
    }
}
