package liquibase.ext.partition.engine.belonging.views;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The objects that keep referring to a relation by its oid when another relation gets its name, each with the text that
 * made it. All names in the texts are qualified, so that running them again makes the objects refer to whatever has the
 * names then.
 *
 * @param functions the functions, each after those that it needs
 * @param compiled functions in PL/pgSQL whose text contains the relation's name
 * @param views the views, each after those that it reads
 * @param materializedViews the materialized views that read the relation, and those that read these, in that order
 */
public record Dependents(
        List<Routine> functions,
        List<CompiledRoutine> compiled,
        List<View> views,
        List<Policy> policies,
        List<MaterializedView> materializedViews) {
    public Dependents {
        compiled = List.copyOf(compiled);
        functions = List.copyOf(functions);
        views = List.copyOf(views);
        policies = List.copyOf(policies);
        materializedViews = List.copyOf(materializedViews);
    }

    /**
     * A function or procedure.
     *
     * @param arguments the arguments, which distinguish it from others of its name
     * @param remade whether the row type is in its signature, so that it is a different function under the old name
     * @param standardBody whether its body is SQL that the catalog has parsed (BEGIN ATOMIC)
     * @param definition a CREATE OR REPLACE statement
     * @param grants the grants, including the owner's own
     * @param grantsWhenMade the grants of a function that the current role makes there and gives to the owner
     */
    public record Routine(
            QualifiedName name,
            String arguments,
            boolean remade,
            boolean standardBody,
            String definition,
            Identifier owner,
            Optional<String> comment,
            List<Label> labels,
            List<Grant> grants,
            List<Grant> grantsWhenMade) {
        /** The signature as ALTER ROUTINE and similar statements take it. */
        public Sql signature() {
            return Sql.of("{name}({arguments})").with("name", name).with("arguments", Sql.raw(arguments));
        }
    }

    /** A function that sessions keep as they have compiled it, until its row in the catalog changes. */
    public record CompiledRoutine(QualifiedName name, String arguments, boolean securityDefiner) {
        /** The signature as ALTER ROUTINE takes it. */
        public Sql signature() {
            return Sql.of("{name}({arguments})").with("name", name).with("arguments", Sql.raw(arguments));
        }
    }

    /** A security label. */
    public record Label(String provider, String label) {}

    /** @param options the options as WITH takes them, such as {@code security_barrier='true'} */
    public record View(QualifiedName name, Identifier owner, List<String> options, String definition) {}

    /** A policy of another table. An expression is empty if the policy does not have it. */
    public record Policy(QualifiedName table, Identifier name, Optional<String> using, Optional<String> withCheck) {}

    /**
     * A materialized view.
     *
     * @param read whether another view in this list reads it directly
     */
    public record MaterializedView(
            QualifiedName name, Identifier owner, Identifier accessMethod, String definition, boolean read) {}
}
