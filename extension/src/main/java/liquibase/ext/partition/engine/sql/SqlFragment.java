package liquibase.ext.partition.engine.sql;

/** A text that may fill a hole of a statement as SQL; everything else that fills a hole is a value, and is bound. */
public sealed interface SqlFragment permits Identifier, QualifiedName, Sql {
    /** This fragment as a statement of its own, so that fragments compose. */
    Sql asSql();
}
