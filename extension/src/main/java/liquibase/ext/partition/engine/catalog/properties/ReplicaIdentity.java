package liquibase.ext.partition.engine.catalog.properties;

/** The part of a row's old version that goes to logical replication. */
public enum ReplicaIdentity {
    /** The primary key. */
    DEFAULT("d"),
    FULL("f"),
    NOTHING("n"),
    /** The columns of the index whose {@link IndexProperties#replicaIdentity} says so. */
    INDEX("i");

    private final String code;

    ReplicaIdentity(String code) {
        this.code = code;
    }

    static ReplicaIdentity of(String code) {
        for (ReplicaIdentity identity : values()) {
            if (identity.code.equals(code)) {
                return identity;
            }
        }
        throw new IllegalArgumentException("Unknown replica identity <" + code + ">");
    }
}
