package liquibase.ext.partition.engine.name;

import liquibase.ext.partition.engine.sql.QualifiedName;

/** What is made beside a materialized view, to take its place once it is filled, is called. */
public final class SuccessorName {
    private SuccessorName() {}

    /** @param name of the materialized view, or of an index of it */
    public static QualifiedName of(QualifiedName name) {
        return name.sibling(DerivedName.of(name.name(), "_successor"));
    }

    /** What the one that is replaced is called until it is dropped, in the same transaction. */
    public static QualifiedName leaving(QualifiedName name) {
        return name.sibling(DerivedName.of(name.name(), "_leaving"));
    }
}
