package liquibase.ext.partition.engine.name;

import liquibase.ext.partition.engine.sql.QualifiedName;

/** The name of an object that is made beside a materialized view, to take its place once it is filled. */
public final class SuccessorName {
    private SuccessorName() {}

    /** @param name the name of the materialized view, or of one of its indexes */
    public static QualifiedName of(QualifiedName name) {
        return name.sibling(DerivedName.of(name.name(), "_successor"));
    }

    /** The name of the replaced view until it is dropped, in the same transaction. */
    public static QualifiedName leaving(QualifiedName name) {
        return name.sibling(DerivedName.of(name.name(), "_leaving"));
    }
}
