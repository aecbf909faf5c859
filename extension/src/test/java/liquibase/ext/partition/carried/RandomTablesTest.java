package liquibase.ext.partition.carried;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.carried.RandomTable.Piece;
import liquibase.ext.partition.carried.RandomTable.Roles;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random tables through the whole journey and back: after the swap only announced differences exist, after the way back
 * none. {@code -Dcarried.tables=N} sets the number of tables, {@code -Dcarried.seed=S} the first seed; the others have
 * the seeds that follow.
 */
@ExtendWith(FreshDatabase.class)
class RandomTablesTest {
    private static final int TABLES = Integer.getInteger("carried.tables", 16);
    private static final long FIRST_SEED = Long.getLong("carried.seed", 1);
    private static final int ENOUGH_FOR_EVERYTHING = 200;

    /** Each lane has a database of its own, at the same time. */
    private static final int LANES = 2;

    private static final Duration LONGEST_SHRINKING = Duration.ofMinutes(1);
    private static final String SCHEMA = "we\"ird";

    private TestDatabase database;
    private Roles roles;
    private int version;
    private final Map<Feature, Integer> made = new EnumMap<>(Feature.class);

    @ParameterizedTest(name = "every second table, the first of seed {0} + the given one")
    @ValueSource(ints = {0, 1})
    @Execution(ExecutionMode.CONCURRENT)
    void comeAlongAndGoBackAsTheyWere(int lane) {
        version = (int) database.queryLong("SELECT current_setting('server_version_num')");
        roles = new Roles(
                database.createRole("owner", ""), database.createRole("reader", ""), database.createRole("clerk", ""));
        database.execute(
                "GRANT ALL ON SCHEMA public TO " + roles.owner(),
                "GRANT CREATE ON DATABASE %s TO %s".formatted(database.name(), roles.owner()));
        for (long seed = FIRST_SEED + lane; seed < FIRST_SEED + TABLES; seed += LANES) {
            RandomTable table = RandomTable.of(seed, SCHEMA, version, roles);
            Throwable failure = failure(table);
            if (failure != null) {
                RandomTable smallest = shrunk(table);
                fail(
                        "The table of seed %d (-Dcarried.tables=1 -Dcarried.seed=%d) fails, and so does this smaller one:%n%n%s%n%s"
                                .formatted(seed, seed, smallest.script(), failure(smallest)),
                        failure);
            }
        }
        if (TABLES >= ENOUGH_FOR_EVERYTHING) {
            assertThat(made.keySet()).as("what the tables had").containsAll(RandomTable.drawn());
        }
    }

    /** Leaves out, one after the other, statements that do not matter for the failure. */
    private RandomTable shrunk(RandomTable failing) {
        long deadline = System.nanoTime() + LONGEST_SHRINKING.toNanos();
        RandomTable smallest = failing;
        for (int i = failing.pieces().size() - 1; i >= 0 && System.nanoTime() < deadline; i--) {
            if (!smallest.pieces().get(i).required()) {
                List<Piece> fewer = new ArrayList<>(smallest.pieces());
                fewer.remove(i);
                Throwable failure = failure(smallest.with(fewer));
                if (failure != null && !(failure instanceof NotATable)) {
                    smallest = smallest.with(fewer);
                }
            }
        }
        return smallest;
    }

    /** The failure with this table; null if there is none. */
    private Throwable failure(RandomTable table) {
        try {
            migrateAndGoBack(table);
            return null;
        } catch (SQLException | RuntimeException | AssertionError e) {
            return e;
        } finally {
            database.execute(
                    "DROP SCHEMA IF EXISTS %s CASCADE".formatted(new Identifier(SCHEMA).quoted()),
                    "DROP TABLE IF EXISTS partition_chunk, partition_migration CASCADE");
        }
    }

    /** The rest of a script may need what was left out. */
    private static final class NotATable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotATable(Throwable cause) {
            super(cause);
        }
    }

    private void migrateAndGoBack(RandomTable table) throws SQLException {
        try {
            make(table);
        } catch (SQLException | RuntimeException | AssertionError e) {
            throw new NotATable(e);
        }
        MigrationFixture migration = MigrationFixture.of(
                        database,
                        table.name().schema().name(),
                        table.name().name().name(),
                        table.partitionColumn().name(),
                        table.key().stream().map(Identifier::name).toArray(String[]::new))
                .between("2024-01", "2024-03")
                .as(roles.owner());
        CatalogDescription before = CatalogDescription.of(database, table.name());
        List<String> relations = relations();
        String rows = rows(table);
        List<String> announced = AnnouncedChanges.of(
                migration,
                before,
                database.queryString(
                        "SELECT quote_ident(?)", table.partitionColumn().name()));

        migration
                .prepare()
                .capture()
                .copy(MigrationFixture.CHUNK_SIZE, 1, false)
                .index();
        touch(table);
        migration.replay().verify().swap();

        CatalogDescription swapped = CatalogDescription.of(database, table.name());
        String column = database.queryString(
                "SELECT quote_ident(?)", table.partitionColumn().name());
        assertThat(CatalogDescription.differences(before, swapped))
                .as("by the swap")
                .containsExactlyInAnyOrderElementsOf(announced);
        assertThat(rows(table)).as("rows after the swap").isEqualTo(rows);
        touch(table);

        migration.reverseSwap();

        assertThat(CatalogDescription.differences(before, CatalogDescription.of(database, table.name())))
                .as("by the way back")
                .isEmpty();
        assertThat(rows(table)).as("rows after the way back").isEqualTo(rows);
        migration.undo();
        assertThat(relations()).as("what is left behind").isEqualTo(relations);
    }

    private void make(RandomTable table) throws SQLException {
        database.execute("CREATE SCHEMA %s AUTHORIZATION %s".formatted(new Identifier(SCHEMA).quoted(), roles.owner()));
        try (Connection connection = database.connect(roles.owner(), roles.owner());
                Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            for (Piece piece : table.pieces()) {
                try {
                    statement.execute(piece.sql());
                    made.merge(piece.feature(), 1, Integer::sum);
                } catch (SQLException refused) {
                    if (piece.required()) {
                        throw new SQLException(refused.getMessage() + "\nfrom " + piece.sql(), refused);
                    }
                }
            }
        }
    }

    /** Writes that change nothing: they are captured and replayed all the same. */
    private void touch(RandomTable table) {
        String column = table.partitionColumn().quoted();
        database.execute("UPDATE %s SET %s = %s WHERE %s < '2024-01-10'"
                .formatted(table.name().quoted(), column, column, column));
    }

    private String rows(RandomTable table) {
        return database.queryString("SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM %s AS t"
                .formatted(table.name().quoted()));
    }

    private List<String> relations() {
        return database.queryStrings(
                "SELECT relkind::text || ' ' || relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ?) ORDER BY 1",
                SCHEMA);
    }
}
