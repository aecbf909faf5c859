package liquibase.ext.partition.generator.changelog;

import java.util.Map;

/** The table configs from which the golden changelogs are generated, each by the name of its files. */
final class GoldenConfigs {
    /** Schemas, mixed case, every character that is special in XML or YAML, and names of 63 bytes. */
    static final String ODD = """
            tables:
              - schemaName: Sales & "Co"
                tableName: "Tom's <Orders> -- \\\\ #1: [x] {y} % é"
                newTableName: "ééééééééééééééééééééééééééééééé1"
                backupTableName: "ééééééééééééééééééééééééééééééé2"
                deltaTableName: "ééééééééééééééééééééééééééééééé3"
                partitionPrefix: "<p&q>_"
                partitionSchema: "Parts of <Sales> & \\"Co\\""
                keyColumns: ['Tenant "A"', "it's"]
                partitionBy: {columns: ["created & <at>"], from: 1999-12, until: 2000-02}
                columns:
                  'Tenant "A"': character varying(10)
                  "it's": '"My Schema"."Type"'
                  "created & <at>": timestamp(3) without time zone
              - schemaName: eu
                tableName: orders
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, until: 2024-02}
              - schemaName: us
                tableName: orders
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, until: 2024-02}
              - tableName: Orders
                keyColumns: [Id]
                partitionBy: {columns: [At], from: 2024-01, until: 2024-02}
              - tableName: changelog
                keyColumns: [id]
                partitionBy: {columns: [at], from: 2024-01, until: 2024-02}
            """;

    static final String PLAIN = """
            tables:
              - tableName: orders
                schemaName: public
                keyColumns: [id]
                partitionBy:
                  columns: [created_at]
                  from: 2024-01
                  until: 2026-07
                columns:
                  id: bigint
                  created_at: timestamp with time zone
                chunkSize: 250000
                workers: 4
              - tableName: payments
                keyColumns: [tenant, id]
                partitionBy: {columns: [paid_on], from: 2025-01, until: 2025-02}
            """;

    static final String KINDS = """
            tables:
              - tableName: orders
                keyColumns: [id]
                partitionBy:
                  columns: [shipped_at, paid_on, created]
                  combinedColumn: order_date
                  textFormat: DD.MM.YYYY HH24:MI
                  from: 2023-01
                  until: 2027-01
                columns:
                  id: bigint
                  shipped_at: timestamp with time zone
                  paid_on: date
                  created: text
                  amount: {type: "numeric(14,2)", using: "round(amount, 2)", reverseUsing: amount}
                  note: {type: text, using: "CASE WHEN note < '<' AND note <> '\\\\ \\"&\\"' THEN note END"}
              - tableName: events
                keyColumns: [id]
                partitionBy: {columns: [id], keyTime: uuidv7, interval: day, from: 2024-02-28, until: 2024-03-02}
              - tableName: visits
                keyColumns: [id]
                routing: trigger
                incomingForeignKeys: trigger
                partitionBy: {columns: [at], epoch: milliseconds, interval: week, from: 2020-W53, until: 2021-01-11}
              - tableName: logs
                keyColumns: [id]
                incomingForeignKeys: drop
                partitionBy: {columns: [at], interval: year, from: 2024, until: 2025}
            """;

    /** Every setting, once for all tables, once overridden, and switched off. */
    static final String TUNED = """
            defaults:
              chunkSize: 500_000
              chunkTime: 1s
              workers: 4
              pauseBetweenChunks: 200ms
              maxReplicaLag: 10s
              maxLoad: 16
              throttleQuery: SELECT count(*) > 100 AND 'a & "b" <> c' IS NOT NULL FROM jobs
              window: 22:00-06:00 Europe/Berlin
              maxDuration: 50min
              lockTimeout: 500ms
              lockAttempts: 60
              maxDrainRows: 2000
              waitForOldTransactions: 10min
              onOldTransactions: goOn
              maxDefaultShare: 0.5%
              catchUpTime: 30s
            tables:
              - tableName: orders
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, until: 2024-02}
              - tableName: payments
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, until: 2024-02}
                workers: 1
                pauseBetweenChunks: off
                maxReplicaLag: off
                maxLoad: off
                throttleQuery: off
                window: off
                maxDuration: 2min
                onOldTransactions: stop
                maxDefaultShare: 100%
                catchUpTime: off
            """;

    /** A partition that says its range and one that does not, beside the table. */
    static final String EXCHANGES = """
            defaults:
              workers: 2
              maxDrainRows: 2000
              maxDefaultShare: 5%
            tables:
              - tableName: orders
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, ahead: 6}
            exchanges:
              - tableName: orders_default
                schemaName: public
                keyColumns: [id, created_at]
                partitionPrefix: orders_
                partitionBy: {interval: quarter, from: 2023-Q1, until: 2024-Q1}
                lockTimeout: 500ms
              - tableName: orders_202402
                keyColumns: [id, created_at]
                partitionPrefix: orders_
                partitionBy: {interval: day}
              - tableName: orders_202201
                throughTableName: orders_202212
                keyColumns: [id, created_at]
                partitionPrefix: orders_
                partitionBy: {interval: year}
            """;

    static final Map<String, String> ALL =
            Map.of("plain", PLAIN, "odd", ODD, "kinds", KINDS, "tuned", TUNED, "exchanges", EXCHANGES);

    private GoldenConfigs() {}
}
