package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import liquibase.ext.partition.testing.TestDatabase;

/** A database after a swap, as an application sees it. */
record Shown(TestDatabase database) {

    /** Asserts that the table has exactly these partitions. */
    Shown partitions(String table, String... names) {
        assertThat(database.queryStrings(
                        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ?::regclass", table))
                .as("partitions of %s", table)
                .containsExactlyInAnyOrder(names);
        return this;
    }

    /** Asserts that there are rows with that condition, all of them in that partition. */
    Shown rows(String table, String condition, String partition) {
        assertThat(database.queryStrings(
                        "SELECT DISTINCT tableoid::regclass::text FROM %s WHERE %s".formatted(table, condition)))
                .as("where the rows of %s are with %s", table, condition)
                .containsExactly(partition);
        return this;
    }

    /**
     * Asserts that every row is in the partition of its time.
     *
     * @param name the name of that partition as an SQL expression over the time {@code t}, a timestamp in UTC
     */
    Shown placed(String table, String time, String name, String from, String until) {
        assertThat(database.queryStrings("""
                        SELECT tableoid::regclass || ' ' || r::text
                        FROM (SELECT tableoid, r, %2$s AS t FROM %1$s AS r) AS r
                        WHERE tableoid::regclass::text <>
                          CASE WHEN t >= '%4$s' AND t < '%5$s' THEN '%1$s_' || %3$s ELSE '%1$s_default' END LIMIT 5
                        """.formatted(table, time, name, from, until)))
                .as("rows in another partition than that of %s", time)
                .isEmpty();
        return this;
    }

    /** Asserts the partitioned table's own primary key; null for none. */
    Shown primaryKey(String table, String definition) {
        assertThat(primaryKeys(table)).isEqualTo(definition == null ? List.of() : List.of(definition));
        return this;
    }

    /** Asserts that every partition has the same primary key. */
    Shown primaryKeyOfEachPartition(String table, String definition) {
        assertThat(database.queryStrings(
                        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ?::regclass", table))
                .allSatisfy(partition -> assertThat(primaryKeys(partition)).containsExactly(definition));
        return this;
    }

    private List<String> primaryKeys(String table) {
        return database.queryStrings(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = ?::regclass",
                table);
    }

    /** Asserts, by its plan, that a query reads only these partitions. */
    Shown reads(String query, String... partitions) {
        assertThat(database.queryStrings("EXPLAIN (COSTS OFF) " + query))
                .filteredOn(line -> line.matches(".* Scan.* on .*") && !line.contains("Bitmap Index Scan"))
                .as("what is read by %s", query)
                .extracting(line -> line.replaceFirst(".* on (\\w+).*", "$1"))
                .containsOnly(partitions);
        return this;
    }

    /** Asserts the only column of the only row. */
    Shown is(String query, String value) {
        assertThat(database.queryString(query)).as(query).isEqualTo(value);
        return this;
    }
}
