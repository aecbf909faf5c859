package liquibase.ext.partition.carried;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A table as a list of statements that make it, drawn by a seed. The generator does not know all rules of the server: a
 * statement that the server refuses is left out, together with everything that depends on it. So a table can be made
 * smaller by leaving out statements.
 *
 * <p>The file is long because it draws each thing that a table can have, by a method of its own.
 *
 * @param pieces the statements in order
 */
record RandomTable(
        long seed, QualifiedName name, Identifier partitionColumn, List<Identifier> key, List<Piece> pieces) {

    /**
     * A statement.
     *
     * @param required whether there is no table to partition without it
     */
    record Piece(Feature feature, String sql, boolean required) {}

    /** Roles that get grants; {@code owner} owns the table. */
    record Roles(String owner, String reader, String clerk) {}

    /** The features that tables from enough seeds have among them. */
    static Set<Feature> drawn() {
        Set<Feature> drawn = EnumSet.of(
                Feature.COLUMNS,
                Feature.STATISTICS_TARGETS,
                Feature.CHECKS,
                Feature.INDEXES,
                Feature.SEQUENCES,
                Feature.TRIGGERS,
                Feature.STORAGE_PARAMETERS,
                Feature.EXTENDED_STATISTICS,
                Feature.REPLICA_IDENTITY,
                Feature.GRANTS,
                Feature.COMMENTS,
                Feature.VIEWS,
                Feature.MATERIALIZED_VIEWS,
                Feature.FUNCTIONS,
                Feature.ROW_SECURITY,
                Feature.PUBLICATIONS,
                Feature.FOREIGN_KEYS);
        return drawn;
    }

    RandomTable with(List<Piece> others) {
        return new RandomTable(seed, name, partitionColumn, key, others);
    }

    /** The script that makes it. */
    String script() {
        return pieces.stream().map(Piece::sql).collect(Collectors.joining(";\n", "", ";\n"));
    }

    static RandomTable of(long seed, String schema, int serverVersion, Roles roles) {
        return new Drawing(seed, schema, serverVersion, roles).draw();
    }

    /** A type with an expression that gives a value of it for the number {@code i}. */
    private record Type(String name, String value, String methods) {
        boolean has(String method) {
            return Arrays.asList(methods.split(" ")).contains(method);
        }
    }

    private record Column(Identifier name, Type type, boolean generated) {}

    private static final List<Type> TYPES = List.of(
            new Type("smallint", "i", "btree hash brin number"),
            new Type("integer", "i * 3", "btree hash brin number"),
            new Type("bigint", "i * 1000000007", "btree hash brin number"),
            new Type("numeric(12,3)", "i / 7.0", "btree hash brin number"),
            new Type("numeric", "i / 7.0", "btree hash brin number"),
            new Type("real", "i / 4.0", "btree hash brin"),
            new Type("double precision", "CASE i % 5 WHEN 0 THEN 'NaN' ELSE i / 8.0 END", "btree hash brin"),
            new Type("text", "'text ' || i", "btree hash brin spgist text"),
            new Type("text", "repeat('long ' || md5(i::text), 100)", ""),
            new Type("character varying(40)", "'it''s \\ ' || i", "btree hash brin text"),
            new Type("character(6)", "i::text", "btree hash brin"),
            new Type("boolean", "i % 2 = 0", "btree hash"),
            new Type("date", "date '2020-01-01' + i", "btree hash brin"),
            new Type(
                    "timestamp(3) without time zone",
                    "timestamp '2020-01-01' + i * interval '1 hour'",
                    "btree hash brin"),
            new Type(
                    "timestamp with time zone",
                    "timestamptz '2020-01-01 00:00+00' + i * interval '1 hour'",
                    "btree hash brin"),
            new Type("time without time zone", "time '00:00' + i * interval '1 minute'", "btree hash brin"),
            new Type("interval", "i * interval '1 day'", "btree hash brin"),
            new Type("uuid", "md5(i::text)::uuid", "btree hash brin"),
            new Type("bytea", "decode(md5(i::text), 'hex')", "btree hash brin"),
            new Type("json", "json_build_object('n', i)", ""),
            new Type("jsonb", "jsonb_build_object('n', i, 'q', E'\\'{hole}')", "btree hash gin"),
            new Type("integer[]", "ARRAY[i, i + 1]", "btree hash gin"),
            new Type("text[]", "ARRAY['a', i::text]", "btree hash gin"),
            new Type("tsvector", "to_tsvector('simple', 'word' || i)", "btree gin gist"),
            new Type("int4range", "int4range(i, i + 5)", "btree hash gist spgist brin"),
            new Type("tstzrange", "tstzrange(timestamptz '2024-01-01 00:00+00', NULL)", "btree hash gist spgist"),
            new Type("inet", "'10.0.0.0'::inet + i", "btree hash brin"),
            new Type("macaddr", "'08:00:2b:01:02:03'::macaddr", "btree hash brin"),
            new Type("bit(4)", "(i % 16)::bit(4)", "btree"),
            new Type("point", "point(i, i)", "gist spgist"),
            new Type("box", "box(point(i, i), point(0, 0))", "gist spgist brin"),
            new Type("money", "i::numeric::money", "btree"),
            new Type("name", "('n' || i)::name", "btree hash brin"),
            new Type("{schema}.mood", "(ARRAY['sad', 'it''s ok; DROP'])[1 + i % 2]::{schema}.mood", "btree hash"),
            new Type("{schema}.price", "i * 1.5", "btree hash"),
            new Type("{schema}.pair", "ROW(i, 'x' || i)::{schema}.pair", "btree"));

    private static final List<String> STRANGE = List.of(
            "select",
            "ключ",
            "a.b",
            "$1",
            "a'b",
            "a\"b",
            "with space",
            "Mixed",
            "{hole}",
            "{table}",
            "$$",
            "$capture$",
            "*/",
            "/*",
            "; DROP TABLE victim; --",
            "back\\slash",
            "new\nline",
            "%s %1$s",
            "?",
            "::",
            "(",
            ")",
            ", ",
            " USING ",
            " ON ",
            "\"\"",
            "emoji😀",
            "\t",
            "#{x}",
            "${y}",
            ":z",
            "NULL",
            "E'");

    /** The drawing of a table. */
    private static final class Drawing {
        private final Random random;
        private final long seed;
        private final String schema;
        private final int version;
        private final Roles roles;
        private final Set<String> taken = new HashSet<>();
        private final List<Piece> pieces = new ArrayList<>();
        private final List<Column> columns = new ArrayList<>();
        private final List<String> indexes = new ArrayList<>();
        private String table;

        Drawing(long seed, String schema, int version, Roles roles) {
            // Consecutive seeds give similar first values.
            this.random = new Random(seed * 0x9E3779B97F4A7C15L);
            this.seed = seed;
            this.schema = new Identifier(schema).quoted();
            this.version = version;
            this.roles = roles;
        }

        RandomTable draw() {
            QualifiedName qualified = new QualifiedName(new Identifier(unquoted(schema)), name("orders"));
            table = qualified.quoted();
            required("CREATE TYPE %s.mood AS ENUM ('sad', 'it''s ok; DROP')".formatted(schema));
            required("CREATE DOMAIN %s.price AS numeric(10,2) CHECK (VALUE >= 0)".formatted(schema));
            required("CREATE TYPE %s.pair AS (a integer, b text)".formatted(schema));
            required(
                    "CREATE FUNCTION %s.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(NEW, OLD); END $$"
                            .formatted(schema));
            required("CREATE TABLE %s.kinds (id integer PRIMARY KEY)".formatted(schema));
            required("INSERT INTO %s.kinds SELECT i FROM generate_series(0, 9) AS i".formatted(schema));
            required("CREATE TABLE %s ()".formatted(table));
            Identifier time = name("created_at");
            List<Identifier> key = new ArrayList<>();
            List<Runnable> adding = new ArrayList<>();
            String timeType = one("date", "timestamp", "timestamptz");
            adding.add(() -> required("ALTER TABLE %s ADD COLUMN %s %s NOT NULL DEFAULT '2024-01-20'"
                    .formatted(table, time.quoted(), timeType)));
            String inserted = key(key, adding, time);
            for (int i = random.nextInt(9); i > 0; i--) {
                adding.add(this::column);
            }
            Collections.shuffle(adding, random);
            adding.forEach(Runnable::run);
            columns.add(new Column(time, new Type(timeType, "", "btree hash brin time"), true));
            primaryKey(key);
            if (maybe(30)) {
                dropColumn();
            }
            required("INSERT INTO %s (%s%s) %s SELECT %s date '2023-12-25' + i * 3 FROM generate_series(1, %d) AS i"
                    .formatted(
                            table,
                            inserted.isEmpty()
                                    ? ""
                                    : key.stream()
                                            .filter(it -> !it.equals(time))
                                            .map(it -> it.quoted() + ", ")
                                            .collect(Collectors.joining()),
                            time.quoted(),
                            "",
                            inserted,
                            5 + random.nextInt(30)));
            fill(key);
            checks();
            for (int i = random.nextInt(6); i > 0; i--) {
                index();
            }
            for (int i = random.nextInt(4); i > 0; i--) {
                trigger();
            }
            settings();
            grants();
            comments();
            others();
            return new RandomTable(seed, qualified, time, List.copyOf(key), List.copyOf(pieces));
        }

        private static String unquoted(String quoted) {
            return quoted.substring(1, quoted.length() - 1).replace("\"\"", "\"");
        }

        /** The inserted values of the key's columns, each followed by a comma. */
        private String key(List<Identifier> key, List<Runnable> adding, Identifier time) {
            Identifier first = name("id");
            key.add(first);
            String type = one(
                    "bigint",
                    "bigint GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT 3 CACHE 2)",
                    "integer GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1 MINVALUE -100000 START -5 CYCLE)",
                    "bigserial",
                    "serial",
                    "uuid DEFAULT gen_random_uuid()",
                    "text",
                    "composite",
                    "with time");
            Identifier second = name("region");
            String definition = type.equals("composite") || type.equals("with time") ? "integer" : type;
            adding.add(() ->
                    required("ALTER TABLE %s ADD COLUMN %s %s NOT NULL".formatted(table, first.quoted(), definition)));
            if (type.equals("composite")) {
                key.add(second);
                adding.add(() -> required(
                        "ALTER TABLE %s ADD COLUMN %s character varying(20) COLLATE \"C\" NOT NULL DEFAULT 'eu'"
                                .formatted(table, second.quoted())));
            }
            if (type.equals("with time")) {
                key.add(random.nextInt(2), time);
            }
            return switch (type) {
                case "bigint", "with time" -> "i,";
                case "text" -> "'k' || i,";
                case "composite" -> "i / 2, 'r' || i % 2,";
                default -> "";
            };
        }

        private void primaryKey(List<Identifier> key) {
            String list = names(key);
            String options = maybe(30) ? " WITH (fillfactor = 70)" : "";
            Identifier name = name("the_key");
            if (maybe(70)) {
                required("ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY (%s)%s%s"
                        .formatted(table, name.quoted(), list, include(key), options));
            } else if (maybe(50)) {
                required("ALTER TABLE %s ADD CONSTRAINT %s UNIQUE (%s)%s"
                        .formatted(table, name.quoted(), list, options));
            } else {
                required("CREATE UNIQUE INDEX %s ON %s (%s)%s".formatted(name.quoted(), table, list, options));
            }
            indexes.add(name.quoted());
        }

        private String include(List<Identifier> besides) {
            List<Column> candidates = columns.stream()
                    .filter(column -> column.type().has("btree") && !besides.contains(column.name()))
                    .toList();
            return candidates.isEmpty() || maybe(70)
                    ? ""
                    : " INCLUDE (%s)".formatted(any(candidates).name().quoted());
        }

        private void column() {
            Type type = any(TYPES);
            Identifier name = name("c" + columns.size());
            String typeName = type.name().replace("{schema}", schema);
            String collation =
                    type.has("text") && maybe(30) ? " COLLATE " + one("\"C\"", "\"POSIX\"", "\"default\"") : "";
            List<Column> numbers =
                    columns.stream().filter(it -> it.type().has("number")).toList();
            boolean generated = type.has("number") && !numbers.isEmpty() && maybe(40);
            String rest;
            if (generated) {
                Column from = any(numbers);
                generated = !from.generated();
                rest = generated
                        ? " GENERATED ALWAYS AS ((%s %% 100)) STORED"
                                .formatted(from.name().quoted())
                        : "";
            } else {
                rest = maybe(40) ? " DEFAULT " + defaultOf(type) : "";
                if (!rest.isEmpty() && maybe(40)) {
                    rest += " NOT NULL";
                }
            }
            add(
                    Feature.COLUMNS,
                    "ALTER TABLE %s ADD COLUMN %s %s%s%s",
                    table,
                    name.quoted(),
                    typeName,
                    collation,
                    rest);
            columns.add(new Column(name, type, generated));
            if (maybe(20)) {
                add(
                        Feature.COLUMNS,
                        "ALTER TABLE %s ALTER %s SET STORAGE %s",
                        table,
                        name.quoted(),
                        one("EXTERNAL", "MAIN", "PLAIN"));
            }
            if (maybe(15)) {
                add(Feature.COLUMNS, "ALTER TABLE %s ALTER %s SET COMPRESSION pglz", table, name.quoted());
            }
            if (maybe(15)) {
                add(
                        Feature.STATISTICS_TARGETS,
                        "ALTER TABLE %s ALTER %s SET STATISTICS %d",
                        table,
                        name.quoted(),
                        random.nextInt(500));
            }
            if (maybe(15)) {
                add(
                        Feature.STATISTICS_TARGETS,
                        "ALTER TABLE %s ALTER %s SET (n_distinct = -0.5)",
                        table,
                        name.quoted());
            }
        }

        private String defaultOf(Type type) {
            if (type.has("text") && maybe(50)) {
                return literal(any(STRANGE));
            }
            if (type.has("text") && maybe(30)) {
                Identifier sequence = name("numbers");
                String qualified = schema + "." + sequence.quoted();
                add(Feature.SEQUENCES, "CREATE SEQUENCE %s", qualified);
                return "'n' || nextval(%s)".formatted(literal(qualified));
            }
            // A default may not refer to a row; this is the value for the number one.
            return "(" + type.value().replace("{schema}", schema).replaceAll("\\bi\\b", "1") + ")";
        }

        private void dropColumn() {
            Identifier name = name("gone");
            add(Feature.COLUMNS, "ALTER TABLE %s ADD COLUMN %s text", table, name.quoted());
            add(Feature.COLUMNS, "ALTER TABLE %s DROP COLUMN %s", table, name.quoted());
        }

        private void fill(List<Identifier> key) {
            for (Column column : columns) {
                if (!column.generated() && !key.contains(column.name())) {
                    String set = column.name().quoted() + " = "
                            + column.type().value().replace("{schema}", schema);
                    add(
                            Feature.COLUMNS,
                            "UPDATE %s AS t SET %s FROM (SELECT ctid AS row, row_number() OVER ()::integer AS i FROM %s) AS n WHERE t.ctid = n.row AND i %% 4 <> 0",
                            table,
                            set,
                            table);
                }
            }
        }

        private void checks() {
            for (int i = random.nextInt(3); i > 0 && !columns.isEmpty(); i--) {
                Column column = any(columns);
                String condition = switch (random.nextInt(3)) {
                    case 0 -> column.name().quoted() + " IS NOT NULL OR true";
                    case 1 -> "%s::text <> %s".formatted(column.name().quoted(), literal(any(STRANGE)));
                    default ->
                        "length(%s::text) < 1000000".formatted(column.name().quoted());
                };
                add(
                        Feature.CHECKS,
                        "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s)%s",
                        table,
                        name("holds").quoted(),
                        condition,
                        maybe(70) ? "" : " NOT VALID");
            }
        }

        private void index() {
            Identifier name = name("by");
            String method = one("btree", "btree", "btree", "hash", "gin", "gist", "spgist", "brin");
            List<Column> fitting = new ArrayList<>(
                    columns.stream().filter(it -> it.type().has(method)).toList());
            if (fitting.isEmpty()) {
                return;
            }
            Collections.shuffle(fitting, random);
            boolean btree = method.equals("btree");
            boolean unique = btree && maybe(30);
            int count = btree || method.equals("brin") ? 1 + random.nextInt(Math.min(3, fitting.size())) : 1;
            List<String> items = new ArrayList<>();
            for (Column column : fitting.subList(0, count)) {
                items.add(item(column, method));
            }
            String included = btree && maybe(20)
                    ? " INCLUDE (%s)".formatted(any(columns).name().quoted())
                    : "";
            String distinct = unique && version >= 150_000 && maybe(30) ? " NULLS NOT DISTINCT" : "";
            String options = switch (method) {
                case "btree", "hash" -> maybe(20) ? " WITH (fillfactor = 60)" : "";
                case "gin" -> maybe(50) ? " WITH (fastupdate = off)" : "";
                case "brin" -> maybe(50) ? " WITH (pages_per_range = 8)" : "";
                default -> "";
            };
            String where = maybe(25)
                    ? " WHERE (%s IS NOT NULL AND %s <> '')"
                            .formatted(any(columns).name().quoted(), literal(any(STRANGE)))
                    : "";
            if (unique && where.isEmpty() && maybe(40)) {
                add(
                        Feature.INDEXES,
                        "ALTER TABLE %s ADD CONSTRAINT %s UNIQUE%s (%s)%s%s",
                        table,
                        name.quoted(),
                        distinct,
                        fitting.subList(0, count).stream()
                                .map(it -> it.name().quoted())
                                .collect(Collectors.joining(", ")),
                        included,
                        options);
            } else {
                add(
                        Feature.INDEXES,
                        "CREATE %sINDEX %s ON %s USING %s (%s)%s%s%s%s",
                        unique ? "UNIQUE " : "",
                        name.quoted(),
                        table,
                        method,
                        String.join(", ", items),
                        included,
                        distinct,
                        options,
                        where);
            }
            indexes.add(name.quoted());
            if (maybe(10)) {
                add(Feature.STATISTICS_TARGETS, "CLUSTER %s USING %s", table, name.quoted());
            }
        }

        private String item(Column column, String method) {
            String name = column.name().quoted();
            if (method.equals("btree") && maybe(25) && !column.type().has("time")) {
                return column.type().has("text")
                        ? "lower(%s)%s".formatted(name, one("", " text_pattern_ops", " COLLATE \"C\""))
                        : "(%s IS NULL)".formatted(name);
            }
            String collation = column.type().has("text") && maybe(20) ? " COLLATE \"POSIX\"" : "";
            String order = method.equals("btree") ? one("", "", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST") : "";
            return name + collation + order;
        }

        private void trigger() {
            Identifier name = name("tr");
            String arguments = maybe(30) ? literal(any(STRANGE)) : "";
            String function = "%s.fire(%s)".formatted(schema, arguments);
            String event = one("INSERT", "UPDATE", "DELETE", "INSERT OR UPDATE OR DELETE");
            String sql = switch (random.nextInt(5)) {
                case 0 -> "CREATE TRIGGER %s BEFORE %s ON %s FOR EACH ROW EXECUTE FUNCTION %s";
                case 1 -> "CREATE TRIGGER %s AFTER %s ON %s FOR EACH ROW EXECUTE FUNCTION %s";
                case 2 -> "CREATE TRIGGER %s BEFORE %s ON %s FOR EACH STATEMENT EXECUTE FUNCTION %s";
                case 3 -> "CREATE TRIGGER %s AFTER %s ON %s FOR EACH STATEMENT EXECUTE FUNCTION %s";
                default ->
                    "CREATE CONSTRAINT TRIGGER %s AFTER %s ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION %s";
            };
            if (maybe(30) && !columns.isEmpty() && sql.startsWith("CREATE TRIGGER %s AFTER %s ON %s FOR EACH ROW")) {
                String column = any(columns).name().quoted();
                add(
                        Feature.TRIGGERS,
                        "CREATE TRIGGER %s AFTER UPDATE OF %s ON %s FOR EACH ROW WHEN (NEW.%s IS NOT NULL) EXECUTE FUNCTION %s",
                        name.quoted(),
                        column,
                        table,
                        column,
                        function);
            } else {
                add(Feature.TRIGGERS, sql, name.quoted(), event, table, function);
            }
            if (maybe(40)) {
                add(
                        Feature.TRIGGERS,
                        "ALTER TABLE %s %s TRIGGER %s",
                        table,
                        one("DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"),
                        name.quoted());
            }
            if (maybe(40)) {
                add(Feature.COMMENTS, "COMMENT ON TRIGGER %s ON %s IS %s", name.quoted(), table, literal(any(STRANGE)));
            }
        }

        private void settings() {
            if (maybe(50)) {
                add(
                        Feature.STORAGE_PARAMETERS,
                        "ALTER TABLE %s SET (%s)",
                        table,
                        one(
                                "fillfactor = 50",
                                "autovacuum_enabled = false",
                                "autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_enabled = false",
                                "parallel_workers = 3",
                                "toast_tuple_target = 512"));
            }
            if (maybe(30) && columns.size() > 1) {
                add(
                        Feature.EXTENDED_STATISTICS,
                        "CREATE STATISTICS %s.%s%s ON %s, %s FROM %s",
                        schema,
                        name("stats").quoted(),
                        one("", " (ndistinct)", " (dependencies, mcv)"),
                        columns.get(0).name().quoted(),
                        maybe(50)
                                ? columns.get(1).name().quoted()
                                : "(%s IS NULL)".formatted(columns.get(1).name().quoted()),
                        table);
            }
            if (maybe(20)) {
                add(
                        Feature.REPLICA_IDENTITY,
                        "ALTER TABLE %s REPLICA IDENTITY %s",
                        table,
                        one("FULL", "NOTHING", "USING INDEX " + any(indexes)));
            }
        }

        private void grants() {
            for (int i = random.nextInt(5); i > 0; i--) {
                String grantee = one(roles.reader(), roles.clerk(), "PUBLIC");
                String option = !grantee.equals("PUBLIC") && maybe(30) ? " WITH GRANT OPTION" : "";
                String privilege =
                        one("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "ALL");
                boolean ofColumn =
                        Set.of("SELECT", "INSERT", "UPDATE", "REFERENCES").contains(privilege)
                                && !columns.isEmpty()
                                && maybe(40);
                add(
                        Feature.GRANTS,
                        "GRANT %s%s ON %s TO %s%s",
                        privilege,
                        ofColumn ? " (%s)".formatted(any(columns).name().quoted()) : "",
                        table,
                        grantee,
                        option);
            }
        }

        private void comments() {
            if (maybe(40)) {
                add(Feature.COMMENTS, "COMMENT ON TABLE %s IS %s", table, literal(any(STRANGE) + "\n" + any(STRANGE)));
            }
            for (Column column : columns) {
                if (maybe(25)) {
                    add(
                            Feature.COMMENTS,
                            "COMMENT ON COLUMN %s.%s IS %s",
                            table,
                            column.name().quoted(),
                            literal(any(STRANGE)));
                }
            }
            for (String index : indexes) {
                if (maybe(25)) {
                    add(Feature.COMMENTS, "COMMENT ON INDEX %s.%s IS %s", schema, index, literal(any(STRANGE)));
                    add(Feature.COMMENTS, "COMMENT ON CONSTRAINT %s ON %s IS %s", index, table, literal(any(STRANGE)));
                }
            }
        }

        /** The tables that refer to it, and those that it refers to. */
        private void others() {
            if (maybe(25)) {
                String view = schema + "." + name("view").quoted();
                add(
                        Feature.VIEWS,
                        "CREATE VIEW %s%s AS SELECT %s FROM %s%s",
                        view,
                        maybe(30) ? " WITH (security_barrier)" : "",
                        maybe(50) || columns.isEmpty()
                                ? "*"
                                : any(columns).name().quoted(),
                        table,
                        maybe(30) ? " WHERE %s <> ''".formatted(literal(any(STRANGE))) : "");
                add(Feature.VIEWS, "GRANT SELECT ON %s TO %s", view, roles.reader());
                add(Feature.VIEWS, "COMMENT ON VIEW %s IS %s", view, literal(any(STRANGE)));
                if (maybe(50)) {
                    add(
                            Feature.VIEWS,
                            "CREATE VIEW %s.%s AS SELECT count(*) AS n FROM %s",
                            schema,
                            name("view").quoted(),
                            view);
                }
            }
            if (maybe(10)) {
                add(
                        Feature.MATERIALIZED_VIEWS,
                        "CREATE MATERIALIZED VIEW %s.%s AS SELECT count(*) AS n FROM %s",
                        schema,
                        name("mat").quoted(),
                        table);
            }
            if (maybe(10)) {
                add(
                        Feature.FUNCTIONS,
                        "CREATE FUNCTION %s.%s() RETURNS SETOF %s LANGUAGE sql AS $$ SELECT * FROM %s $$",
                        schema,
                        name("all").quoted(),
                        table,
                        table);
            }
            if (maybe(20)) {
                add(Feature.ROW_SECURITY, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY", table);
                add(
                        Feature.ROW_SECURITY,
                        "CREATE POLICY %s ON %s FOR %s TO %s USING (%s <> '')",
                        name("policy").quoted(),
                        table,
                        one("ALL", "SELECT", "UPDATE", "DELETE"),
                        one("PUBLIC", roles.reader()),
                        literal(any(STRANGE)));
            }
            if (maybe(10)) {
                add(
                        Feature.PUBLICATIONS,
                        "CREATE PUBLICATION %s FOR TABLE %s WITH (publish = 'insert')",
                        new Identifier("feed of " + unquoted(schema)).quoted(),
                        table);
            }
            List<Column> numbers = columns.stream()
                    .filter(it -> it.type().name().equals("integer"))
                    .toList();
            if (!numbers.isEmpty() && maybe(50)) {
                add(
                        Feature.FOREIGN_KEYS,
                        "ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s.kinds%s NOT VALID",
                        table,
                        name("fk").quoted(),
                        any(numbers).name().quoted(),
                        schema,
                        one("", " ON DELETE CASCADE", " ON UPDATE SET NULL DEFERRABLE"));
            } else if (maybe(25)) {
                String column = name("kind").quoted();
                add(
                        Feature.FOREIGN_KEYS,
                        "ALTER TABLE %s ADD COLUMN %s integer REFERENCES %s.kinds%s",
                        table,
                        column,
                        schema,
                        one("", " ON DELETE CASCADE", " ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED"));
            }
        }

        private void required(String sql) {
            pieces.add(new Piece(Feature.COLUMNS, sql, true));
        }

        private void add(Feature feature, String sql, Object... arguments) {
            pieces.add(new Piece(feature, sql.formatted(arguments), false));
        }

        private boolean maybe(int percent) {
            return random.nextInt(100) < percent;
        }

        private <T> T any(List<T> all) {
            return all.get(random.nextInt(all.size()));
        }

        private String one(String... all) {
            return all[random.nextInt(all.length)];
        }

        private static String names(List<Identifier> names) {
            return names.stream().map(Identifier::quoted).collect(Collectors.joining(", "));
        }

        private static String literal(String text) {
            String doubled = text.replace("'", "''");
            return text.contains("\\") ? "E'" + doubled.replace("\\", "\\\\") + "'" : "'" + doubled + "'";
        }

        /** A name that is plain, strange, or as long as a name can be; never given twice. */
        private Identifier name(String plain) {
            while (true) {
                String name = switch (random.nextInt(4)) {
                    case 0 -> plain + " " + any(STRANGE);
                    case 1 -> any(STRANGE) + any(STRANGE);
                    case 2 -> maybe(30) ? cut((any(STRANGE) + plain).repeat(30)) : plain;
                    default -> plain;
                };
                name = cut(name);
                if (taken.contains(name)) {
                    name = cut(taken.size() + name);
                }
                if (taken.add(name)) {
                    return new Identifier(name);
                }
            }
        }

        private static String cut(String name) {
            StringBuilder cut = new StringBuilder();
            for (int codePoint : name.codePoints().toArray()) {
                String next = cut + Character.toString(codePoint);
                if (next.getBytes(StandardCharsets.UTF_8).length > Identifier.MAX_BYTES) {
                    break;
                }
                cut.appendCodePoint(codePoint);
            }
            return cut.toString();
        }
    }
}
