package liquibase.ext.partition.engine.belonging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The announcements about the table's own definition, in the order in which people are told. */
@ExtendWith(FreshDatabase.class)
class AnnouncedChangesTest {
    private static List<String> changes(TestDatabase database, String column, Routing routing) throws SQLException {
        try (Connection connection = database.connect()) {
            Session session = Session.pinned(connection);
            Table source = new TableReader(session).require(QualifiedName.of("public", "orders"));
            TableProperties properties = new TablePropertiesReader(session).read(source);
            PartitionKeySpec keySpec = new PartitionKeySpec(
                    List.of(new Identifier(column)),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());
            NewTableSpec spec = new NewTableSpec(
                    source.name(),
                    new Identifier("orders_new"),
                    keySpec,
                    PartitionLayout.parse("orders_", "month", "2024-01-01", "2024-03-01"),
                    routing,
                    IncomingForeignKeys.REFUSE,
                    List.of());
            PartitionKey key = PartitionKey.of(keySpec, source.columns(), spec.textDateFunction());
            return BelongingKinds.changes(source, new NewTable(spec, key, List.of(), properties)).stream()
                    .map(it -> "%s %s: %s => %s".formatted(it.feature(), it.subject(), it.was(), it.becomes()))
                    .toList();
        }
    }

    @Test
    void namesWhatWillNotBeAsItWas(TestDatabase database) throws SQLException {
        database.execute(
                """
                CREATE TABLE orders (
                  id bigint PRIMARY KEY, number text CONSTRAINT once UNIQUE DEFERRABLE, at timestamptz NOT NULL, day date,
                  CONSTRAINT own CHECK (id > 0) NO INHERIT, CHECK (id < 1000)) WITH (fillfactor = 70, toast.vacuum_truncate = off)""",
                "CREATE UNIQUE INDEX whole ON orders (number, at)",
                "CREATE INDEX plain ON orders (number)",
                "ALTER TABLE orders CLUSTER ON plain",
                "ALTER TABLE orders ALTER number SET (n_distinct = 4), ALTER id SET STATISTICS 4",
                "INSERT INTO orders VALUES (1, 'a', now()), (2, 'b', now())");
        assertThatThrownBy(() -> database.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON orders ((id * 0))"))
                .hasMessageContaining("could not create unique index");

        assertThat(changes(database, "at", Routing.NATIVE))
                .containsExactly(
                        "INDEXES orders_pkey: PRIMARY KEY (id) => PRIMARY KEY (id, \"at\")",
                        "INDEXES broken: UNIQUE btree (((id * 0))) => ",
                        "INDEXES once: UNIQUE (number) DEFERRABLE => UNIQUE (number, \"at\") DEFERRABLE",
                        "INDEXES plain: CLUSTER goes by it => CLUSTER goes by it in each partition",
                        "REPLICA_IDENTITY orders_pkey: PRIMARY KEY (id) => PRIMARY KEY (id, \"at\")",
                        "CHECKS own: CHECK ((id > 0)) NO INHERIT => CHECK ((id > 0))",
                        "STATISTICS_TARGETS number: n_distinct=4 => n_distinct=4, n_distinct_inherited=4",
                        "STORAGE_PARAMETERS orders: fillfactor=70, toast.vacuum_truncate=off => fillfactor=70, toast.vacuum_truncate=off on each partition");
        assertThat(changes(database, "day", Routing.NATIVE))
                .contains("INDEXES once: UNIQUE (number) DEFERRABLE => UNIQUE (number) DEFERRABLE on each partition")
                .noneMatch(line -> line.startsWith("REPLICA_IDENTITY"));
        assertThat(changes(database, "at", Routing.TRIGGER))
                .contains("INDEXES whole: UNIQUE btree (number, at) => UNIQUE btree (number, at) on each child")
                .noneMatch(line -> line.contains("CLUSTER"));
    }

    @Test
    void namesTheLostMarkForClusterOfAnIndexWhoseUniquenessChangesToo(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz NOT NULL, day date)",
                "ALTER TABLE orders CLUSTER ON orders_pkey");
        String lostMark = "INDEXES orders_pkey: CLUSTER goes by it => CLUSTER goes by it in each partition";

        assertThat(changes(database, "at", Routing.NATIVE))
                .containsSubsequence("INDEXES orders_pkey: PRIMARY KEY (id) => PRIMARY KEY (id, \"at\")", lostMark);
        assertThat(changes(database, "day", Routing.NATIVE))
                .containsSubsequence(
                        "INDEXES orders_pkey: PRIMARY KEY (id) => PRIMARY KEY (id) on each partition", lostMark);
        assertThat(changes(database, "at", Routing.TRIGGER)).noneMatch(line -> line.contains("CLUSTER"));
    }
}
