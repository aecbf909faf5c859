package liquibase.ext.partition.engine.catalog;

/**
 * A kind of thing that a table can have, and what becomes of it when the table is partitioned. The README's table, the
 * output of {@code generator plan} and the test that compares a table before and after all go by this list.
 */
public enum Feature {
    COLUMNS(
            "columns: types, defaults, NOT NULL, generated ones, collation, storage, compression",
            Fate.BEFORE_SWAP,
            "a type can be changed on the way, and a combined column added"),
    STATISTICS_TARGETS("statistics targets and options of columns", Fate.BEFORE_SWAP),
    CHECKS(
            "CHECK constraints",
            Fate.BEFORE_SWAP,
            "one that is NO INHERIT holds for the partitions too, since a partitioned table has no other kind"),
    INDEXES(
            "the key and every index, each under its old name",
            Fate.BEFORE_SWAP,
            "a unique one gets the partition key, or is made on each partition by itself; an invalid one is left behind"),
    EXCLUSION_CONSTRAINTS("exclusion constraints, and keys WITHOUT OVERLAPS", Fate.REFUSED),
    FOREIGN_KEYS(
            "its foreign keys",
            Fate.IN_SWAP,
            "validated right after it, partition by partition; writers of the table that they refer to go on"),
    INCOMING_FOREIGN_KEYS(
            "foreign keys that refer to it",
            Fate.AS_CONFIGURED,
            "they stay where the columns that they refer to include the partition column; else incomingForeignKeys: refuse (where not given), drop, or trigger"),
    SEQUENCES(
            "identity and serial columns with their sequences",
            Fate.IN_SWAP,
            "they go on where they stand, and never back"),
    TRIGGERS(
            "triggers",
            Fate.IN_SWAP,
            "a row trigger with a transition table is refused; so is, with native routing, a BEFORE ROW trigger that assigns a partition column, unless acceptTriggers names it"),
    RULES("rules", Fate.REFUSED),
    OWNER("the owner", Fate.BEFORE_SWAP),
    GRANTS("grants on the table, its columns and sequences", Fate.IN_SWAP, "with their grant options"),
    ROW_SECURITY("row level security and its policies", Fate.IN_SWAP),
    VIEWS("views that read it", Fate.IN_SWAP),
    MATERIALIZED_VIEWS("materialized views that read it", Fate.AFTER_SWAP),
    FUNCTIONS("functions that take or return its row type, or name it in an SQL-standard body", Fate.IN_SWAP),
    PUBLICATIONS(
            "publications",
            Fate.IN_SWAP,
            "publish_via_partition_root is advised: without it a subscriber gets rows under the partitions' names"),
    SUBSCRIPTIONS(
            "subscriptions that write it",
            Fate.REFUSED,
            "a subscription goes by the table and not by its name: it would skip what comes in, and confirm it"),
    REPLICA_IDENTITY(
            "the replica identity",
            Fate.BEFORE_SWAP,
            "the default one is the primary key, which includes the partition key then"),
    EXTENDED_STATISTICS("extended statistics", Fate.BEFORE_SWAP),
    STORAGE_PARAMETERS("storage parameters", Fate.BEFORE_SWAP, "on each partition"),
    TABLESPACE("tablespaces of the table and its indexes", Fate.BEFORE_SWAP, "on each partition and its indexes"),
    SECURITY_LABELS("security labels", Fate.IN_SWAP),
    COMMENTS("comments on the table, its columns, constraints, indexes and triggers", Fate.IN_SWAP),
    PERSISTENCE("unlogged and temporary tables", Fate.REFUSED),
    INHERITANCE("inheritance", Fate.REFUSED),
    TYPED_TABLE("tables of a composite type", Fate.REFUSED),
    OTHER_DEPENDENTS("anything else that depends on it", Fate.REFUSED),
    KIND("what is no ordinary table", Fate.REFUSED, "views, foreign tables and what is partitioned already");

    /** When the thing is made for the new table. */
    public enum Fate {
        /** Made while the source is live; nobody notices. */
        BEFORE_SWAP("made before the swap"),
        /** Moved in the swap's transaction, under its lock. */
        IN_SWAP("moved in the swap"),
        /** Made right after the swap's transaction, by the same changeset, without a lock that anybody waits for. */
        AFTER_SWAP("made right after the swap"),
        /** An attribute decides. */
        AS_CONFIGURED("as configured"),
        /** The table is refused before anything is made. */
        REFUSED("refused");

        private final String words;

        Fate(String words) {
            this.words = words;
        }

        /** A phrase for people. */
        public String words() {
            return words;
        }
    }

    private final String title;
    private final Fate fate;
    private final String remark;

    Feature(String title, Fate fate) {
        this(title, fate, "");
    }

    Feature(String title, Fate fate, String remark) {
        this.title = title;
        this.fate = fate;
        this.remark = remark;
    }

    /** A phrase for people. */
    public String title() {
        return title;
    }

    public Fate fate() {
        return fate;
    }

    /** Additional information for people, as a phrase; empty if there is none. */
    public String remark() {
        return remark;
    }
}
