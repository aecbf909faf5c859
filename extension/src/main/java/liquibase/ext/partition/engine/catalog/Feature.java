package liquibase.ext.partition.engine.catalog;

/**
 * A kind of thing that a table can have, and what becomes of it when the table is partitioned. The README's table, what
 * {@code generator plan} says and the test that compares a table before and after all go by this list.
 */
public enum Feature {
    COLUMNS("columns: types, defaults, NOT NULL, generated ones, collation, storage, compression", Fate.BEFORE_SWAP),
    STATISTICS_TARGETS("statistics targets and options of columns", Fate.BEFORE_SWAP),
    CHECKS("CHECK constraints", Fate.BEFORE_SWAP),
    INDEXES("the key and every index, each under its old name", Fate.BEFORE_SWAP),
    EXCLUSION_CONSTRAINTS("exclusion constraints", Fate.REFUSED),
    FOREIGN_KEYS("its foreign keys", Fate.AFTER_SWAP),
    INCOMING_FOREIGN_KEYS("foreign keys that refer to it", Fate.AS_CONFIGURED),
    SEQUENCES("identity and serial columns with their sequences", Fate.IN_SWAP),
    TRIGGERS("triggers", Fate.IN_SWAP),
    RULES("rules", Fate.REFUSED),
    OWNER("the owner", Fate.BEFORE_SWAP),
    GRANTS("grants on the table, its columns and sequences", Fate.IN_SWAP),
    ROW_SECURITY("row level security and its policies", Fate.IN_SWAP),
    VIEWS("views that read it", Fate.IN_SWAP),
    MATERIALIZED_VIEWS("materialized views that read it", Fate.AFTER_SWAP),
    FUNCTIONS("functions that take or return its row type, or name it in an SQL-standard body", Fate.IN_SWAP),
    PUBLICATIONS("publications", Fate.IN_SWAP),
    REPLICA_IDENTITY("the replica identity", Fate.BEFORE_SWAP),
    EXTENDED_STATISTICS("extended statistics", Fate.BEFORE_SWAP),
    STORAGE_PARAMETERS("storage parameters", Fate.BEFORE_SWAP),
    TABLESPACE("tablespaces of the table and its indexes", Fate.BEFORE_SWAP),
    SECURITY_LABELS("security labels", Fate.IN_SWAP),
    COMMENTS("comments on the table, its columns, constraints, indexes and triggers", Fate.IN_SWAP),
    PERSISTENCE("unlogged and temporary tables", Fate.REFUSED),
    INHERITANCE("inheritance", Fate.REFUSED),
    TYPED_TABLE("tables of a composite type", Fate.REFUSED),
    OTHER_DEPENDENTS("anything else that depends on it", Fate.REFUSED),
    KIND("what is no ordinary table", Fate.REFUSED);

    /** When it is made for the new table. */
    public enum Fate {
        /** While the source is live; nobody notices. */
        BEFORE_SWAP,
        /** In the swap's transaction, under its lock. */
        IN_SWAP,
        /** Right after the swap's transaction, by the same changeset, without a lock that anybody waits for. */
        AFTER_SWAP,
        /** An attribute says what becomes of it. */
        AS_CONFIGURED,
        /** The table is refused before anything is made. */
        REFUSED
    }

    private final String title;
    private final Fate fate;

    Feature(String title, Fate fate) {
        this.title = title;
        this.fate = fate;
    }

    /** A phrase for people. */
    public String title() {
        return title;
    }

    public Fate fate() {
        return fate;
    }
}
