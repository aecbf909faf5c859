package liquibase.ext.partition.engine.refusal;

/**
 * The letters that the catalogs of PostgreSQL 14 to 18 have for kinds of things of a table, each of which is carried or
 * refused by name. A table with any other letter is refused, because a later server has something that nobody has
 * examined.
 */
final class KnownKinds {
    /** {@code contype}: check, foreign key, NOT NULL, primary key, trigger, unique, exclusion. */
    static final String CONSTRAINTS = "cfnptux";

    /** {@code attgenerated}: stored, virtual. */
    static final String GENERATED = "sv";

    /** {@code attidentity}: always, by default. */
    static final String IDENTITY = "ad";

    /** {@code attstorage}: plain, external, main, extended. */
    static final String STORAGE = "pemx";

    /** {@code attcompression}: pglz, lz4. */
    static final String COMPRESSION = "pl";

    /** {@code tgenabled}: origin, disabled, replica, always. */
    static final String TRIGGERS_ENABLED = "ODRA";

    /** {@code polcmd}: SELECT, INSERT, UPDATE, DELETE, all. */
    static final String POLICY_COMMANDS = "rawd*";

    /** {@code stxkind}: n-distinct, functional dependencies, most common values, expressions. */
    static final String STATISTICS = "dfme";

    private KnownKinds() {}
}
