package liquibase.ext.partition.engine.delta;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.catalog.KeyColumn;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.newtable.Conversions;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routes;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.state.Chunk;
import liquibase.ext.partition.engine.time.DateTime;
import org.junit.jupiter.api.Test;

/** The exact text of the statements on which everything rests. */
class StatementsTest {
    private static final QualifiedName SOURCE = QualifiedName.of("shop", "Orders");
    private static final QualifiedName NEW = QualifiedName.of("shop", "Orders_new");
    private static final QualifiedName DELTA = QualifiedName.of("shop", "Orders_delta");
    private static final Identifier AT = new Identifier("created?");
    private static final RowMatch KEY = new RowMatch(
            List.of(
                    new KeyColumn(new Identifier("Id"), "bigint", Sql.raw("=")),
                    new KeyColumn(new Identifier("code"), "ext.citext", Sql.raw("OPERATOR(\"ext\".=)"))),
            by(false, AT),
            Conversions.none());
    private static final Routes ROUTES =
            new Routes(Routing.NATIVE, NEW, PartitionLayout.parse("Orders_", "month", "2024-01", "2025-01"));
    private static final List<Identifier> COLUMNS =
            List.of(new Identifier("Id"), new Identifier("code"), AT, new Identifier("a\"b"));

    private static PartitionKey by(boolean nullable, Identifier... columns) {
        return new PartitionKey(
                Stream.of(columns)
                        .map(column -> new PartitionKey.TimeSource(column, nullable, new DateTime("timestamptz")))
                        .toList(),
                Optional.empty());
    }

    private static Replay replay(boolean forward) {
        return new Replay(
                new Capture(DELTA, KEY.columns(), List.of(AT)),
                KEY,
                ROUTES,
                new Replay.Side(forward ? SOURCE : NEW, forward ? RowShape.SOURCE : RowShape.NEW),
                new Replay.Side(forward ? NEW : SOURCE, forward ? RowShape.NEW : RowShape.SOURCE),
                COLUMNS);
    }

    @Test
    void theCopyOfAChunk() {
        Sql copy = ChunkedCopy.copyStatement(SOURCE, ROUTES.single(), DELTA, COLUMNS, KEY, new Chunk(64, 128));

        assertThat(copy.text()).isEqualTo("""
                INSERT INTO "shop"."Orders_new" ("Id", "code", "created?", "a""b") OVERRIDING SYSTEM VALUE
                SELECT s."Id", s."code", s."created?", s."a""b" FROM ONLY "shop"."Orders" AS s
                WHERE s.ctid >= ? AND s.ctid < ?
                  AND NOT EXISTS (SELECT FROM "shop"."Orders_delta" AS d WHERE d."Id" = s."Id" AND d."code" OPERATOR("ext".=) s."code")""");
        assertThat(copy.values()).containsExactly(new TupleId(64), new TupleId(128));
        assertThat(copy.script()).contains("WHERE s.ctid >= '(64,0)' AND s.ctid < '(128,0)'");
    }

    /** All delta rows of a key are taken, whichever of them the batch found. */
    @Test
    void aBatchOfTheReplayTakesThenDeletesThenInserts() {
        List<Sql> statements = replay(true).batchStatements(0, 66);

        assertThat(statements).hasSize(3);
        assertThat(statements.get(0).text()).isEqualTo("""
                WITH picked AS (
                  SELECT DISTINCT "Id", "code" FROM "shop"."Orders_delta" WHERE ctid >= ? AND ctid < ?
                ), taken AS (
                  DELETE FROM "shop"."Orders_delta" AS d USING picked AS p WHERE d."Id" = p."Id" AND d."code" OPERATOR("ext".=) p."code" RETURNING d."Id", d."code", d."created?"
                )
                INSERT INTO "pg_temp"."Orders_delta_batch" ("Id", "code", "created?") SELECT "Id", "code", "created?" FROM taken""");
        assertThat(statements.get(0).values()).containsExactly(new TupleId(0), new TupleId(66));
        assertThat(statements.get(1).text()).isEqualTo("""
                DELETE FROM "shop"."Orders_new" AS t USING (SELECT DISTINCT "Id", "code", "created?" FROM "pg_temp"."Orders_delta_batch") AS b
                WHERE t."Id" = b."Id" AND t."code" OPERATOR("ext".=) b."code" AND t."created?" = b."created?\"""");
        assertThat(statements.get(2).text()).isEqualTo("""
                INSERT INTO "shop"."Orders_new" ("Id", "code", "created?", "a""b") OVERRIDING SYSTEM VALUE
                SELECT s."Id", s."code", s."created?", s."a""b"
                FROM (SELECT DISTINCT "Id", "code" FROM "pg_temp"."Orders_delta_batch") AS b
                JOIN "shop"."Orders" AS s ON s."Id" = b."Id" AND s."code" OPERATOR("ext".=) b."code\"""");
    }

    @Test
    void theReverseReplayFindsRowsByKeyAndPartitionOnBothSides() {
        List<Sql> statements = replay(false).batchStatements(0, 66);

        assertThat(statements.get(1).text()).isEqualTo("""
                DELETE FROM "shop"."Orders" AS t USING (SELECT DISTINCT "Id", "code", "created?" FROM "pg_temp"."Orders_delta_batch") AS b
                WHERE t."Id" = b."Id" AND t."code" OPERATOR("ext".=) b."code" AND t."created?" = b."created?\"""");
        assertThat(statements.get(2).text()).endsWith("""
                FROM (SELECT DISTINCT "Id", "code", "created?" FROM "pg_temp"."Orders_delta_batch") AS b
                JOIN "shop"."Orders_new" AS s ON s."Id" = b."Id" AND s."code" OPERATOR("ext".=) b."code" AND s."created?" = b."created?\"""");
    }

    @Test
    void aPartitionColumnThatIsPartOfTheKeyIsNamedOnce() {
        Capture capture = new Capture(DELTA, List.of(new Identifier("Id"), AT), List.of(AT));
        assertThat(capture.columns()).containsExactly(new Identifier("Id"), AT);
        RowMatch match =
                new RowMatch(List.of(new KeyColumn(AT, "date", Sql.raw("="))), by(false, AT), Conversions.none());
        assertThat(match.sameRow(RowMatch.Rows.ofSource("l"), RowMatch.Rows.ofSource("r"))
                        .text())
                .isEqualTo("l.\"created?\" = r.\"created?\"");
    }

    /** {@code IS NOT DISTINCT FROM} would be shorter, but the server prunes no partition by it. */
    @Test
    void partitionKeysThatMayBeNullMatchNull() {
        RowMatch match = new RowMatch(KEY.key().subList(0, 1), by(true, AT, new Identifier("b")), Conversions.none());
        assertThat(match.sameRow(RowMatch.Rows.ofNew("l"), RowMatch.Rows.ofSource("r"))
                        .text())
                .isEqualTo("l.\"Id\" = r.\"Id\" AND (%1$s = %2$s OR (%1$s IS NULL AND %2$s IS NULL))"
                        .formatted(
                                "coalesce((l.\"created?\" AT TIME ZONE 'UTC'), (l.\"b\" AT TIME ZONE 'UTC'))",
                                "coalesce((r.\"created?\" AT TIME ZONE 'UTC'), (r.\"b\" AT TIME ZONE 'UTC'))"));
    }

    @Test
    void theTriggersAreAlwaysEnabledAndTheRefusalIsOnEveryPartition() {
        Capture capture = new Capture(DELTA, KEY.columns(), List.of(AT));

        assertThat(capture.startStatements(
                        new CapturedTable(SOURCE, List.of(QualifiedName.of("shop", "p1")), Routing.NATIVE)))
                .extracting(Sql::script)
                .containsExactly(
                        """
                        CREATE TRIGGER "Orders_delta_capture" AFTER INSERT OR UPDATE OR DELETE ON "shop"."Orders"
                          FOR EACH ROW EXECUTE FUNCTION "shop"."Orders_delta_capture"()""",
                        "ALTER TABLE \"shop\".\"Orders\" ENABLE ALWAYS TRIGGER \"Orders_delta_capture\"",
                        """
                        CREATE TRIGGER "Orders_delta_no_truncate" BEFORE TRUNCATE ON "shop"."Orders"
                          FOR EACH STATEMENT EXECUTE FUNCTION "shop"."Orders_delta_no_truncate"()""",
                        "ALTER TABLE \"shop\".\"Orders\" ENABLE ALWAYS TRIGGER \"Orders_delta_no_truncate\"",
                        """
                        CREATE TRIGGER "Orders_delta_no_truncate" BEFORE TRUNCATE ON "shop"."p1"
                          FOR EACH STATEMENT EXECUTE FUNCTION "shop"."Orders_delta_no_truncate"()""",
                        "ALTER TABLE \"shop\".\"p1\" ENABLE ALWAYS TRIGGER \"Orders_delta_no_truncate\"");
    }
}
