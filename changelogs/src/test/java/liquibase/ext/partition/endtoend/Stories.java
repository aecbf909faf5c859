package liquibase.ext.partition.endtoend;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import liquibase.ext.partition.testing.RandomValue;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;

/**
 * The stories of the gallery's scenarios, each by the name of its folder.
 *
 * <p>The file is long because it is a catalogue: a story for each folder.
 */
final class Stories {

    private static final LocalDate BEFORE = LocalDate.of(2023, 12, 1);
    private static final LocalDate AFTER = LocalDate.of(2024, 10, 1);

    private static final RandomValue UNIQUE_TEXT = random -> "x" + Long.toHexString(random.nextLong());

    private static final RandomValue STRANGE_TIMES = RandomValue.oneOf(
            "infinity", "-infinity", "1970-01-01", "0044-03-15 BC", "9999-12-31 23:59:59.999999", "0001-01-01");

    private Stories() {}

    /** @throws IllegalArgumentException if there is none: a scenario without a story shows too little */
    static Story of(Scenario scenario) {
        return switch (scenario.name()) {
            case "ahead" -> new Story().written(by("orders", "id", "created_at"));
            case "all-in-default" -> allInDefault();
            case "changed-types" -> changedTypes();
            case "coalesced-dates" -> coalescedDates();
            case "composite-key" -> compositeKey();
            case "empty-table" -> new Story();
            case "epoch-numbers" -> epochNumbers();
            case "events-uuid" ->
                new Story()
                        .written(by("events", "event_id", "occurred_on"))
                        .shows(shown -> shown.primaryKey("events", "PRIMARY KEY (event_id, occurred_on)"));
            case "exchange-default" -> exchangeDefault();
            case "exchange-month" -> exchangeMonth();
            case "exchange-year" -> exchangeYear();
            case "intervals" -> intervals();
            case "keys" -> keys();
            case "mixed-case-names" -> mixedCaseNames();
            case "non-public-schema" ->
                new Story()
                        .written(by("shop.invoices", "id", "issued_at")
                                .andThen(table -> table.values("number", UNIQUE_TEXT)));
            case "nullable-date" -> nullableDate();
            case "orders" ->
                new Story()
                        .written(by("orders", "id", "created_at")
                                .andThen(table -> table.choices("status", "new", "paid", "shipped", "returned")))
                        .shows(shown -> shown.primaryKey("orders", "PRIMARY KEY (id, created_at)")
                                .reads(
                                        "SELECT * FROM orders WHERE created_at >= '2024-05-01 00:00+00' AND created_at < '2024-06-01 00:00+00'",
                                        "orders_202405"));
            case "routed-by-trigger" -> routedByTrigger();
            case "text-dates" -> textDates();
            case "time-ordered-keys" -> timeOrderedKeys();
            case "two-tables" ->
                new Story().written(by("orders", "id", "created_at")).written(by("payments", "id", "paid_on"));
            case "yaml-format" -> new Story().written(by("orders", "id", "created_at"));
            default ->
                throw new IllegalArgumentException(
                        "No story for %s: say who writes its tables and what it shows".formatted(scenario));
        };
    }

    private static Function<TestDatabase, Workload.Builder> by(String table, String key, String time) {
        return by(table, List.of(key), List.of(time));
    }

    private static Function<TestDatabase, Workload.Builder> by(String table, List<String> key, List<String> times) {
        return database ->
                Workload.on(database, table, key, times).between(BEFORE, AFTER).withOutliers();
    }

    private static Story allInDefault() {
        RandomValue outside = STRANGE_TIMES.oneIn(3, RandomValue.oneOf("2024-04-01 00:00+00"));
        return new Story()
                .written(by("orders", "id", "created_at").andThen(table -> table.values("created_at", outside)))
                .shows(shown -> shown.rows("orders", "true", "orders_default"));
    }

    private static Story exchangeDefault() {
        return new Story()
                .written(by("orders", "id", "created_at"))
                .shows(shown -> shown.placed(
                                "orders",
                                "(created_at AT TIME ZONE 'UTC')",
                                "to_char(t, 'YYYYMM')",
                                "2023-12-01",
                                "2024-09-01")
                        .rows("orders", "NOT isfinite(created_at)", "orders_default")
                        .primaryKeyOfEachPartition("orders", "PRIMARY KEY (id, created_at)")
                        .reads(
                                "SELECT * FROM orders WHERE created_at >= '2024-05-01 00:00+00' AND created_at < '2024-06-01 00:00+00'",
                                "orders_202405"));
    }

    private static Story exchangeYear() {
        return new Story()
                .written(by("orders", "id", "created_at"))
                .shows(shown -> shown.rows(
                                "orders",
                                "created_at >= '2024-01-01 00:00+00' AND created_at < '2025-01-01 00:00+00'",
                                "orders_2024")
                        .rows(
                                "orders",
                                "created_at >= '2023-12-01 00:00+00' AND created_at < '2024-01-01 00:00+00'",
                                "orders_202312")
                        .primaryKeyOfEachPartition("orders", "PRIMARY KEY (id, created_at)")
                        .reads(
                                "SELECT * FROM orders WHERE created_at >= '2024-05-01 00:00+00' AND created_at < '2024-09-01 00:00+00'",
                                "orders_2024"));
    }

    private static Story exchangeMonth() {
        return new Story()
                .written(by("readings", "id", "taken_at"))
                .shows(shown -> shown.is("""
                                SELECT count(*) FROM readings WHERE taken_at >= '2024-02-01' AND taken_at < '2024-03-01'
                                  AND tableoid::regclass::text <> 'readings_' || to_char(taken_at, 'YYYYMMDD')""", "0")
                        .rows("readings", "taken_at < '2024-02-01'", "readings_before")
                        .rows("readings", "taken_at >= '2024-03-01'", "readings_after")
                        .reads(
                                "SELECT * FROM readings WHERE taken_at >= '2024-02-29' AND taken_at < '2024-03-01'",
                                "readings_20240229"));
    }

    private static Story compositeKey() {
        return new Story()
                .written(by("readings", List.of("tenant_id", "id"), List.of("taken_at"))
                        .andThen(table -> table.choices("tenant_id", "tenant 1", "tenant 2", "tenant 9")))
                .shows(shown -> shown.primaryKey("readings", "PRIMARY KEY (tenant_id, id, taken_at)"));
    }

    private static Story mixedCaseNames() {
        return new Story()
                .written(by("\"Größen & Maße\".\"Order Items\"", "Item Id", "Created At"))
                .written(by(
                        "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be_byte",
                        "a_key_column_whose_name_is_as_long_as_postgresql_lets_a_name_be",
                        "a_date_column_whose_name_is_as_long_as_postgresql_lets_names_be"));
    }

    private static Story nullableDate() {
        return new Story()
                .written(by("shipments", "id", "shipped_at")
                        .andThen(table -> table.values("order_no", UNIQUE_TEXT)
                                .values(
                                        "shipped_at",
                                        instants().oneIn(5, STRANGE_TIMES.oneIn(2, RandomValue.oneOf((String) null))))))
                .primaryKeyOfPartitions("public.shipments", "shipments_pkey")
                .uniqueIndexOfPartitions("public.shipments", "shipments_order_no")
                .tells("# rows (# NULL, # infinite, # before 2024-01, # from 2024-08 on) in public.shipments_default")
                .shows(shown -> shown.placed(
                                "shipments",
                                "(shipped_at AT TIME ZONE 'UTC')",
                                "to_char(t, 'YYYYMM')",
                                "2024-01-01",
                                "2024-08-01")
                        .rows("shipments", "shipped_at IS NULL", "shipments_default")
                        .rows("shipments", "NOT isfinite(shipped_at)", "shipments_default")
                        .rows("shipments", "shipped_at = '2024-02-29 23:59:59.999999+00'", "shipments_202402")
                        .primaryKey("shipments", null)
                        .primaryKeyOfEachPartition("shipments", "PRIMARY KEY (id)")
                        .reads(
                                "SELECT * FROM shipments WHERE shipped_at >= '2024-05-01 00:00+00' AND shipped_at < '2024-06-01 00:00+00'",
                                "shipments_202405"));
    }

    private static RandomValue instants() {
        return RandomValue.time(BEFORE, AFTER, (time, random) -> time.toString());
    }

    private static Story coalescedDates() {
        RandomValue nothing = RandomValue.oneOf((String) null);
        RandomValue dates = instants().oneIn(20, STRANGE_TIMES).oneIn(3, nothing);
        return new Story()
                .written(by("tickets", List.of("id"), List.of("resolved_at", "due_on", "entered"))
                        .andThen(table -> table.values("resolved_at", dates)
                                .values("due_on", dates)
                                .values("entered", dates)))
                .primaryKeyOfPartitions("public.tickets", "tickets_pkey")
                .changes("public.tickets", "+ column ticket_date timestamp without time zone COALESCE(…")
                .tells("# rows (# NULL, # infinite, # before 2024-01, # from 2024-07 on) in public.tickets_default")
                .shows(shown -> shown.placed(
                                "tickets",
                                "coalesce(resolved_at AT TIME ZONE 'UTC', due_on::timestamp, entered)",
                                "to_char(t, 'YYYYMM')",
                                "2024-01-01",
                                "2024-07-01")
                        .placed("tickets", "ticket_date", "to_char(t, 'YYYYMM')", "2024-01-01", "2024-07-01")
                        .rows("tickets", "coalesce(resolved_at, due_on, entered) IS NULL", "tickets_default")
                        .primaryKey("tickets", null)
                        .primaryKeyOfEachPartition("tickets", "PRIMARY KEY (id)")
                        .reads(
                                "SELECT * FROM tickets WHERE ticket_date >= '2024-05-01' AND ticket_date < '2024-06-01'",
                                "tickets_202405",
                                "tickets_default"));
    }

    private static Story textDates() {
        RandomValue garbage = RandomValue.oneOf(
                null,
                "",
                "2024-02-31",
                "2024-13-01",
                "2024-10-01T24:61",
                "infinity",
                "soon",
                "31.02.2024 10:00",
                "32.01.2024 00:00");
        DateTimeFormatter ownForm =
                DateTimeFormatter.ofPattern("dd.MM.yyyy HH:mm").withZone(ZoneOffset.UTC);
        return new Story()
                .written(by("letters", "id", "sent")
                        .andThen(table -> table.values("sent", instants().oneIn(8, garbage))))
                .written(by("visits", "visit_no", "arrived")
                        .andThen(table -> table.values(
                                "arrived",
                                RandomValue.time(BEFORE, AFTER, (time, random) -> ownForm.format(time))
                                        .oneIn(8, garbage))))
                .primaryKeyOfPartitions("public.letters", "letters_pkey")
                .changes("public.letters", "+ column sent_on timestamp without time zone letters_text_date(sent)…")
                .primaryKeyOfPartitions("public.visits", "visits_pkey")
                .leaves("+ function letters_text_date(text)", "+ function visits_text_date(text)")
                .tells("# rows (# NULL, # not a date, # before 2024-01, # from 2025-01 on) in public.letters_default")
                .tells("# rows (# NULL, # not a date, # before 2024-01, # from 2024-09 on) in public.visits_default")
                .shows(shown -> shown.placed("letters", "sent_on", "to_char(t, 'YYYYMM')", "2024-01-01", "2025-01-01")
                        .rows("letters", "sent IS NULL", "letters_default")
                        .rows(
                                "letters",
                                "sent IN ('', '2024-02-31', '2024-13-01', 'soon', 'infinity')",
                                "letters_default")
                        .rows("letters", "sent = '2024-10-31'", "letters_202410")
                        .rows("letters", "sent ~ '^2024-03-[0-3][0-9]($|T[0-9:.]+Z$)'", "letters_202403")
                        .primaryKeyOfEachPartition("letters", "PRIMARY KEY (id)")
                        .reads(
                                "SELECT * FROM letters WHERE sent_on >= '2024-05-01' AND sent_on < '2024-06-01'",
                                "letters_202405",
                                "letters_default")
                        .rows(
                                "visits",
                                "arrived IS NULL OR arrived IN ('', '31.02.2024 10:00', '??')",
                                "visits_default")
                        .rows("visits", "arrived ~ '^[0-3][0-9].05.2024'", "visits_202405")
                        .primaryKey("visits", null)
                        .primaryKeyOfEachPartition("visits", "PRIMARY KEY (visit_no)"));
    }

    private static Story epochNumbers() {
        return new Story()
                .written(by("measurements", "id", "taken_ms")
                        .andThen(table -> table.values(
                                "taken_ms",
                                RandomValue.time(BEFORE, AFTER, (time, random) -> Long.toString(time.toEpochMilli()))
                                        .oneIn(
                                                10,
                                                RandomValue.oneOf(
                                                        "0", "-1", "9223372036854775807", "-9223372036854775808")))))
                .written(by("calls", "call_id", "ended")
                        .andThen(table -> table.values("number", UNIQUE_TEXT)
                                .values(
                                        "ended",
                                        RandomValue.time(
                                                        BEFORE,
                                                        AFTER,
                                                        (time, random) -> "%d.%06d"
                                                                .formatted(
                                                                        time.getEpochSecond(), time.getNano() / 1_000))
                                                .oneIn(
                                                        10,
                                                        RandomValue.oneOf(
                                                                null,
                                                                "NaN",
                                                                "0",
                                                                "-0.000001",
                                                                "99999999999999.999999")))))
                .primaryKeyOfPartitions("public.calls", "calls_pkey")
                .shows(shown -> shown.placed(
                                "measurements",
                                "(CASE WHEN abs(taken_ms::numeric) < 1e14 THEN to_timestamp(taken_ms / 1000) AT TIME ZONE 'UTC' END)",
                                "to_char(t, 'YYYYMM')",
                                "2024-01-01",
                                "2024-07-01")
                        .rows("measurements", "taken_ms = 1709251199999", "measurements_202402")
                        .rows("measurements", "taken_ms = 1709251200000", "measurements_202403")
                        .rows("measurements", "taken_ms = 9223372036854775807", "measurements_default")
                        .primaryKey("measurements", "PRIMARY KEY (id, taken_ms)")
                        .reads(
                                "SELECT * FROM measurements WHERE taken_ms >= 1714521600000 AND taken_ms < 1717200000000",
                                "measurements_202405")
                        .placed(
                                "calls",
                                "(CASE WHEN ended < 1e11 THEN to_timestamp(floor(ended)) AT TIME ZONE 'UTC' END)",
                                "to_char(t, 'YYYYMM')",
                                "2024-01-01",
                                "2024-06-01")
                        .rows("calls", "ended IS NULL OR ended = 'NaN'", "calls_default")
                        .rows("calls", "ended = 1711929599.999999", "calls_202403")
                        .primaryKeyOfEachPartition("calls", "PRIMARY KEY (call_id)"));
    }

    private static Story timeOrderedKeys() {
        long epoch = Instant.parse("2015-01-01T00:00:00Z").toEpochMilli();
        return new Story()
                .written(by("events", "event_id", "event_id")
                        .andThen(table -> table.values(
                                "event_id",
                                RandomValue.time(BEFORE, AFTER, Stories::uuidv7)
                                        .oneIn(10, random -> uuid(random.nextLong(), random)))))
                .written(by("messages", "id", "id")
                        .andThen(table -> table.values(
                                "id",
                                RandomValue.time(BEFORE, AFTER, Stories::ulid).oneIn(10, UNIQUE_TEXT))))
                .written(by("posts", "id", "id")
                        .andThen(table -> table.values("title", UNIQUE_TEXT)
                                .values(
                                        "id",
                                        RandomValue.time(
                                                        BEFORE,
                                                        AFTER,
                                                        (time, random) ->
                                                                Long.toString(time.toEpochMilli() - epoch << 22
                                                                        | random.nextInt(1 << 22)))
                                                .oneIn(10, random -> Long.toString(-random.nextLong(Long.MAX_VALUE))))))
                .shows(shown -> shown.placed(
                                "events",
                                "(to_timestamp(('x' || lpad(translate(left(event_id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint / 1000)"
                                        + " AT TIME ZONE 'UTC')",
                                "to_char(t, 'YYYYMM')",
                                "2024-01-01",
                                "2024-07-01")
                        .primaryKey("events", "PRIMARY KEY (event_id)")
                        .reads(
                                "SELECT * FROM events WHERE event_id = '018f3214-0000-7000-8000-000000000000'",
                                "events_202405")
                        .rows("messages", "id LIKE 'message %'", "messages_default")
                        .rows("messages", "id LIKE '01HM%'", "messages_202401")
                        .primaryKey("messages", "PRIMARY KEY (id)")
                        .placed(
                                "posts",
                                "(to_timestamp((id >> 22) / 1000) AT TIME ZONE 'UTC' + interval '16436 days')",
                                "to_char(t, 'YYYYMM')",
                                "2024-01-01",
                                "2024-07-01")
                        .primaryKey("posts", "PRIMARY KEY (id)"));
    }

    private static String uuidv7(Instant time, SplittableRandom random) {
        return uuid(time.toEpochMilli() << 16 | 0x7000 | random.nextInt(1 << 12), random);
    }

    private static String uuid(long upper, SplittableRandom random) {
        String hex = HexFormat.of().toHexDigits(upper)
                + HexFormat.of().toHexDigits(random.nextLong() >>> 2 | Long.MIN_VALUE);
        return hex.replaceFirst("(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5");
    }

    private static String ulid(Instant time, SplittableRandom random) {
        String digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        StringBuilder ulid = new StringBuilder();
        for (int shift = 45; shift >= 0; shift -= 5) {
            ulid.append(digits.charAt((int) (time.toEpochMilli() >> shift & 31)));
        }
        for (int i = 0; i < 16; i++) {
            ulid.append(digits.charAt(random.nextInt(32)));
        }
        return ulid.toString();
    }

    private static Story intervals() {
        return new Story()
                .written(by("clicks", "id", "clicked_at")
                        .andThen(table -> table.between(LocalDate.of(2024, 2, 25), LocalDate.of(2024, 3, 16))))
                .written(by("shifts", "id", "begins")
                        .andThen(table -> table.between(LocalDate.of(2024, 11, 30), LocalDate.of(2025, 2, 5))))
                .written(by("reports", "id", "day")
                        .andThen(table -> table.between(LocalDate.of(2023, 6, 1), LocalDate.of(2025, 8, 1))))
                .written(by("contracts", "contract", "signed_at")
                        .andThen(table -> table.between(LocalDate.of(2018, 1, 1), LocalDate.of(2027, 1, 1))))
                .shows(shown -> shown.placed(
                                "clicks",
                                "(clicked_at AT TIME ZONE 'UTC')",
                                "to_char(t, 'YYYYMMDD')",
                                "2024-02-26",
                                "2024-03-14")
                        .rows(
                                "clicks",
                                "clicked_at >= '2024-02-29 00:00+00' AND clicked_at < '2024-03-01 00:00+00'",
                                "clicks_20240229")
                        .placed("shifts", "begins", "to_char(t, 'IYYY\"w\"IW')", "2024-12-02", "2025-02-03")
                        .rows("shifts", "begins >= '2024-12-30' AND begins < '2025-01-06'", "shifts_2025w01")
                        .placed("reports", "day::timestamp", "to_char(t, 'YYYY\"q\"Q')", "2023-07-01", "2025-07-01")
                        .rows("reports", "day >= '2023-12-01' AND day < '2024-01-01'", "reports_2023q4")
                        .placed(
                                "contracts",
                                "(signed_at AT TIME ZONE 'UTC')",
                                "to_char(t, 'YYYY')",
                                "2019-01-01",
                                "2026-01-01")
                        .partitions(
                                "contracts",
                                "contracts_2019",
                                "contracts_2020",
                                "contracts_2021",
                                "contracts_2022",
                                "contracts_2023",
                                "contracts_2024",
                                "contracts_2025",
                                "contracts_default")
                        .primaryKey("contracts", "PRIMARY KEY (contract, signed_at)"));
    }

    private static Story keys() {
        return new Story()
                .written(by("rooms", "room", "built"))
                .written(by("parcels", "barcode", "posted_at"))
                .written(by("prices", List.of("article", "shop", "version", "valid_from"), List.of("valid_from")))
                .written(by("imports", "line", "imported"))
                .shows(
                        shown -> shown.primaryKey("rooms", "PRIMARY KEY (room, built)")
                                .primaryKey("parcels", "PRIMARY KEY (barcode, posted_at)")
                                .primaryKey("prices", "PRIMARY KEY (article, shop, version, valid_from)")
                                .primaryKey("imports", null)
                                .is(
                                        "SELECT indexdef FROM pg_indexes WHERE indexname = 'imports_line'",
                                        "CREATE UNIQUE INDEX imports_line ON ONLY public.imports USING btree (line, imported)"));
    }

    private static Story routedByTrigger() {
        return new Story()
                .written(by("documents", "id", "created_at").andThen(Workload.Builder::readingBack))
                .changes(
                        "public.documents",
                        // Before an insert it fires on the table, and before an update on every child.
                        "+ trigger A CREATE TRIGGER \"!documents_leave1\" AFTER INSERT OR UPDATE ON public.documents…",
                        "+ trigger A CREATE TRIGGER \"!documents_leave2\" AFTER INSERT OR UPDATE ON public.documents…",
                        "+ trigger A CREATE TRIGGER \"!documents_route1\" AFTER INSERT OR UPDATE ON public.documents…",
                        "+ trigger A CREATE TRIGGER \"!documents_route2\" AFTER INSERT OR UPDATE ON public.documents…",
                        "+ trigger O CREATE TRIGGER \"!documents_timeof\" AFTER UPDATE OF created_at ON public.document…")
                .leaves(
                        "+ function documents_child(timestamp without time zone,documents_routing)",
                        "+ function documents_columns(text,documents_routing)",
                        "+ function documents_insert(regclass,documents_routing)",
                        "+ function documents_leave()",
                        "+ function documents_leave_as_writer()",
                        "+ function documents_make(date,documents_routing)",
                        "+ function documents_move()",
                        "+ function documents_move_as_writer()",
                        "+ function documents_moved()",
                        "+ function documents_moved_as_writer()",
                        "+ function documents_others(regclass,integer,regclass,documents_routing)",
                        "+ function documents_permit(regclass,integer,regclass,documents_routing)",
                        "+ function documents_route()",
                        "+ function documents_route_as_writer()",
                        "+ function documents_time_columns(documents_routing)")
                .shows(shown -> shown.is("""
                                SELECT count(*) FROM documents
                                WHERE created_at >= '2024-01-01 00:00+00' AND created_at < '2024-09-01 00:00+00'
                                  AND tableoid::regclass::text <> 'documents_' || to_char(created_at AT TIME ZONE 'UTC', 'YYYYMM')
                                """, "0")
                        .rows("documents", "NOT isfinite(created_at)", "documents_default")
                        .is("SELECT count(*) FROM ONLY documents", "0")
                        .primaryKey("documents", "PRIMARY KEY (id)")
                        .primaryKeyOfEachPartition("documents", "PRIMARY KEY (id)")
                        .is("SELECT count(*) FROM documents WHERE changed_by <> 'signed ' || left(title, 3)", "0")
                        .reads(
                                "SELECT * FROM documents WHERE created_at >= '2024-05-01 00:00+00' AND created_at < '2024-06-01 00:00+00'",
                                "documents",
                                "documents_202405",
                                "documents_default"));
    }

    private static Story changedTypes() {
        return new Story()
                .written(by("bookings", "id", "booked_at")
                        .andThen(table -> table.choices("currency", "EUR", "USD", "CHF")
                                // Cents as a whole number before, units after: the writers' values are compared as
                                // units.
                                .comparing(
                                        "fee_cents",
                                        "CAST(CASE WHEN pg_typeof(fee_cents) = 'integer'::regtype THEN fee_cents / 100.0 ELSE fee_cents END AS numeric(14,2))")
                                .comparing("booked_at", "CAST(booked_at AS timestamp)")))
                .written(by("tariffs", "id", "valid_from")
                        .andThen(table -> table.values("code", random -> "T" + random.nextInt(100_000))))
                .changes(
                        "public.bookings",
                        "- column amount numeric(12,2) not null",
                        "- column booked_at timestamp without time zone not null",
                        "- column currency character varying(3) not null",
                        "- column fee_cents integer",
                        "- column id integer not null nextval('bookings_id_seq'::regclass) public.bookings_id_seq",
                        "+ column amount numeric(14,2) not null",
                        "+ column booked_at timestamp with time zone not null",
                        "+ column currency text not null",
                        "+ column fee_cents numeric(14,2)",
                        "+ column id bigint not null nextval('bookings_id_seq'::regclass) public.bookings_id_seq")
                .changes(
                        "public.tariffs",
                        "- column id integer not null identity=a public.tariffs_id_seq",
                        "+ column id bigint not null identity=a public.tariffs_id_seq")
                .shows(shown -> shown.placed(
                                "bookings",
                                "(booked_at AT TIME ZONE 'UTC')",
                                "to_char(t, 'YYYYMM')",
                                "2024-02-01",
                                "2024-06-01")
                        .is("SELECT pg_typeof(id) FROM tariffs LIMIT 1", "bigint"));
    }
}
