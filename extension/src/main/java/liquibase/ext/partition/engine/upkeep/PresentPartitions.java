package liquibase.ext.partition.engine.upkeep;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The partitions of a natively partitioned table with their bounds, and what these have to do with the partitions that
 * are wanted. The server compares the bounds, in the type of the partition key: it is the one that would refuse an
 * overlap.
 *
 * @param type the type of the partition key, with its collation, as SQL
 */
public record PresentPartitions(List<Present> all, String type) {
    /**
     * A partition.
     *
     * @param from its lower bound as the server writes it; empty for MINVALUE
     * @param to its upper bound likewise; empty for MAXVALUE
     */
    public record Present(QualifiedName name, boolean isDefault, Optional<String> from, Optional<String> to) {
        /** A partition that is to have these bounds. */
        public static Present of(QualifiedName name, PartitionKey key, Partition partition) {
            return new Present(
                    name,
                    false,
                    Optional.of(key.bound(partition.from()).script()),
                    Optional.of(key.bound(partition.to()).script()));
        }

        /** Its range for people. */
        String range() {
            return isDefault
                    ? "all other rows"
                    : "from %s to %s".formatted(from.orElse("MINVALUE"), to.orElse("MAXVALUE"));
        }
    }

    /**
     * Some partitions without a gap between them, or one.
     *
     * @param from the lower bound of the first, as SQL; empty for MINVALUE
     * @param to the upper bound of the last, as SQL; empty for MAXVALUE
     */
    public record Range(Optional<String> from, Optional<String> to) {}

    /** The partitions that are where one is wanted: some that are in the way, or one with exactly its bounds. */
    public record Found(Partition wanted, List<QualifiedName> overlapping, Optional<QualifiedName> same) {}

    private static final Pattern RANGE = Pattern.compile("FOR VALUES FROM \\((.*)\\) TO \\((.*)\\)", Pattern.DOTALL);

    private static final Sql PARTITIONS = Sql.of("""
            SELECT n.nspname, c.relname, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE i.inhparent = {oid}
            ORDER BY c.relname, n.nspname""");

    /** An expression as a key is one of ours, of type timestamp. */
    private static final Sql TYPE = Sql.of("""
            SELECT coalesce(pg_catalog.format_type(a.atttypid, a.atttypmod), 'timestamp')
                     || coalesce(' COLLATE ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.collname), '')
            FROM pg_catalog.pg_partitioned_table AS p
            LEFT JOIN pg_catalog.pg_collation AS c ON c.oid = p.partcollation[0]
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] AND a.attnum > 0
            WHERE p.partrelid = {oid}""");

    private static final Sql COMPARE = Sql.of("""
            SELECT w.place, p.place AS present, p.lower IS NOT NULL AND p.upper IS NOT NULL AND p.lower = w.lower AND p.upper = w.upper AS same
            FROM (VALUES {wanted}) AS w (place, lower, upper)
            JOIN (VALUES {present}) AS p (place, lower, upper)
              ON (p.lower IS NULL OR p.lower < w.upper) AND (p.upper IS NULL OR w.lower < p.upper)
            ORDER BY w.place, p.place""");

    /** Numbers the bounds by their order; equal ones have one number. */
    private static final Sql RANKS = Sql.of("""
            SELECT b.place, pg_catalog.dense_rank() OVER (ORDER BY b.bound) AS rank
            FROM (VALUES {bounds}) AS b (place, bound)
            ORDER BY b.place""");

    private static final Sql BOUND = Sql.of("({place}, ({bound})::{type})");

    private static final Sql IN_ORDER = Sql.of("""
            SELECT p.place, coalesce(pg_catalog.lag(p.upper) OVER w = p.lower, false) AS continues
            FROM (VALUES {present}) AS p (place, lower, upper)
            WINDOW w AS (ORDER BY p.lower NULLS FIRST)
            ORDER BY p.lower NULLS FIRST""");

    private static final Sql SAME_BOUNDS = Sql.of("SELECT ({one})::{type} = ({other})::{type}");

    private static final Sql UNBOUNDED = Sql.raw("NULL");
    private static final Sql BOUNDS = Sql.of("({place}, ({from})::{type}, ({to})::{type})");

    /** Reads the partitions of the table with that oid. */
    public static PresentPartitions read(Session session, long oid) throws SQLException {
        List<Present> all = session.query(PARTITIONS.with("oid", oid), row -> {
            String bound = row.getString("bound");
            Matcher range = RANGE.matcher(bound);
            boolean isRange = range.matches();
            return new Present(
                    QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                    !isRange,
                    isRange ? literal(range.group(1), "MINVALUE") : Optional.empty(),
                    isRange ? literal(range.group(2), "MAXVALUE") : Optional.empty());
        });
        return new PresentPartitions(
                all, session.queryStrings(TYPE.with("oid", oid)).get(0));
    }

    private static Optional<String> literal(String text, String infinite) {
        return text.equals(infinite) ? Optional.empty() : Optional.of(text);
    }

    /** The default partition under the name that it has; empty if there is none. */
    public Optional<QualifiedName> defaultPartition() {
        return all.stream().filter(Present::isDefault).map(Present::name).findFirst();
    }

    /** The partition of that name; empty if there is none. */
    Optional<Present> named(QualifiedName name) {
        return all.stream().filter(it -> it.name().equals(name)).findFirst();
    }

    /** The partition after which another is made, if there is no default one; empty if there is none at all. */
    Optional<QualifiedName> last() {
        return all.stream().map(Present::name).reduce((one, next) -> next);
    }

    /** Finds for each wanted partition those that are in its place, in the order of the wanted ones. */
    public List<Found> find(Session session, PartitionKey key, List<Partition> wanted) throws SQLException {
        List<List<QualifiedName>> overlapping = new ArrayList<>();
        List<QualifiedName> same = new ArrayList<>();
        wanted.forEach(it -> {
            overlapping.add(new ArrayList<>());
            same.add(null);
        });
        List<Present> ranges = all.stream().filter(it -> !it.isDefault()).toList();
        if (!ranges.isEmpty() && !wanted.isEmpty()) {
            session.query(COMPARE.with("wanted", wantedBounds(key, wanted)).with("present", bounds(ranges)), row -> {
                QualifiedName name = ranges.get(row.getInt("present")).name();
                overlapping.get(row.getInt("place")).add(name);
                if (row.getBoolean("same")) {
                    same.set(row.getInt("place"), name);
                }
                return null;
            });
        }
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < wanted.size(); i++) {
            found.add(new Found(wanted.get(i), overlapping.get(i), Optional.ofNullable(same.get(i))));
        }
        return found;
    }

    /**
     * For each interval, in their order, whether partitions cover all of it, whatever their own bounds are. The default
     * partition covers nothing.
     */
    List<Boolean> covered(Session session, PartitionKey key, List<Partition> intervals) throws SQLException {
        List<Present> ranges = all.stream().filter(it -> !it.isDefault()).toList();
        if (ranges.isEmpty() || intervals.isEmpty()) {
            return intervals.stream().map(it -> false).toList();
        }
        List<Optional<Sql>> bounds = new ArrayList<>();
        for (Partition interval : intervals) {
            bounds.add(Optional.of(key.bound(interval.from())));
            bounds.add(Optional.of(key.bound(interval.to())));
        }
        for (Present range : ranges) {
            bounds.add(range.from().map(Sql::raw));
            bounds.add(range.to().map(Sql::raw));
        }
        long[] ranks = ranks(session, bounds);
        // The ends of the partitions by their beginnings: they overlap nowhere.
        NavigableMap<Long, Long> ends = new TreeMap<>();
        for (int i = 2 * intervals.size(); i < ranks.length; i += 2) {
            ends.put(ranks[i], ranks[i + 1]);
        }
        List<Boolean> covered = new ArrayList<>();
        for (int i = 0; i < 2 * intervals.size(); i += 2) {
            long reached = ranks[i];
            Map.Entry<Long, Long> next = ends.floorEntry(reached);
            while (next != null && next.getValue() > reached && reached < ranks[i + 1]) {
                reached = next.getValue();
                next = ends.floorEntry(reached);
            }
            covered.add(reached >= ranks[i + 1]);
        }
        return covered;
    }

    /** @param bounds lower and upper ones by turns, of which an empty one is infinite */
    private long[] ranks(Session session, List<Optional<Sql>> bounds) throws SQLException {
        long[] ranks = new long[bounds.size()];
        List<Sql> rows = new ArrayList<>();
        for (int i = 0; i < ranks.length; i++) {
            ranks[i] = i % 2 == 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
            if (bounds.get(i).isPresent()) {
                rows.add(BOUND.with("place", Sql.raw(Integer.toString(i)))
                        .with("bound", bounds.get(i).get())
                        .with("type", Sql.raw(type)));
            }
        }
        session.query(RANKS.with("bounds", Sql.list(rows)), row -> {
            ranks[row.getInt("place")] = row.getLong("rank");
            return null;
        });
        return ranks;
    }

    /** The ranges that partitions of this table have, or are to have, in order; those that follow each other as one. */
    public List<Range> ranges(Session session, List<Present> partitions) throws SQLException {
        List<Present> bounded =
                partitions.stream().filter(it -> !it.isDefault()).toList();
        List<Range> ranges = new ArrayList<>();
        if (!bounded.isEmpty()) {
            session.query(IN_ORDER.with("present", bounds(bounded)), row -> {
                Present next = bounded.get(row.getInt("place"));
                int last = ranges.size() - 1;
                if (row.getBoolean("continues")) {
                    ranges.set(last, new Range(ranges.get(last).from(), next.to()));
                } else {
                    ranges.add(new Range(next.from(), next.to()));
                }
                return null;
            });
        }
        return List.copyOf(ranges);
    }

    /**
     * The partitions from one through another in the order of their bounds, as far as they follow each other without a
     * gap: if there is one, the other is not the last.
     *
     * @param first a partition with bounds
     */
    public List<Present> following(Session session, QualifiedName first, QualifiedName through) throws SQLException {
        List<Present> bounded = all.stream().filter(it -> !it.isDefault()).toList();
        List<Present> following = new ArrayList<>();
        boolean[] ended = {false};
        session.query(IN_ORDER.with("present", bounds(bounded)), row -> {
            Present next = bounded.get(row.getInt("place"));
            if (following.isEmpty()) {
                if (next.name().equals(first)) {
                    following.add(next);
                    ended[0] = first.equals(through);
                }
            } else if (!ended[0] && row.getBoolean("continues")) {
                following.add(next);
                ended[0] = next.name().equals(through);
            } else {
                ended[0] = true;
            }
            return null;
        });
        return List.copyOf(following);
    }

    /** Whether two bounds, as SQL, are the same value of the key. */
    public boolean isSameBound(Session session, String one, String other) throws SQLException {
        return session.queryBoolean(SAME_BOUNDS
                .with("one", Sql.raw(one))
                .with("other", Sql.raw(other))
                .with("type", Sql.raw(type)));
    }

    /**
     * Whether a partition has that bound, which the server may have written in a session of another time zone.
     *
     * @param bound with both ends, or that of a default partition
     */
    public boolean hasBound(Session session, QualifiedName partition, String bound) throws SQLException {
        Optional<Present> found = named(partition);
        Matcher range = RANGE.matcher(bound);
        if (found.isEmpty() || !range.matches()) {
            return found.filter(Present::isDefault).isPresent();
        }
        Present present = found.get();
        return present.from().isPresent()
                && present.to().isPresent()
                && isSameBound(session, present.from().get(), range.group(1))
                && isSameBound(session, present.to().get(), range.group(2));
    }

    private Sql wantedBounds(PartitionKey key, List<Partition> wanted) {
        List<Sql> rows = new ArrayList<>();
        for (int i = 0; i < wanted.size(); i++) {
            rows.add(row(
                    i, key.bound(wanted.get(i).from()), key.bound(wanted.get(i).to())));
        }
        return Sql.list(rows);
    }

    private Sql bounds(List<Present> ranges) {
        List<Sql> rows = new ArrayList<>();
        for (int i = 0; i < ranges.size(); i++) {
            Present range = ranges.get(i);
            rows.add(row(
                    i,
                    range.from().map(Sql::raw).orElse(UNBOUNDED),
                    range.to().map(Sql::raw).orElse(UNBOUNDED)));
        }
        return Sql.list(rows);
    }

    private Sql row(int place, Sql from, Sql to) {
        return BOUNDS.with("place", Sql.raw(Integer.toString(place)))
                .with("from", from)
                .with("to", to)
                .with("type", Sql.raw(type));
    }
}
