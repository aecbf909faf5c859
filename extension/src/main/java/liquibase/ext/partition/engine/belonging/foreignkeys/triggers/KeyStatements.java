package liquibase.ext.partition.engine.belonging.foreignkeys.triggers;

import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey.Pair;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements of the functions that keep a foreign key. Each statement occurs in them twice: with the names at the
 * swap, and put together at run time from the names in the catalog. Pure.
 */
record KeyStatements(KeyTables tables) {
    private static final Sql PERFORM = Sql.of("""
            IF as_made THEN
                  PERFORM {fixed};
                ELSE
                  EXECUTE {text} USING NEW, OLD;
                END IF;
                GET DIAGNOSTICS hits = ROW_COUNT;""");

    private static final Sql ASK = Sql.of("""
            IF as_made THEN
                  {variable} := {fixed};
                ELSE
                  EXECUTE {text} INTO {variable} USING NEW, OLD;
                END IF;""");

    private static final Sql FORMAT = Sql.of("pg_catalog.format({text}, VARIADIC (p || c))");

    /**
     * How a statement of a function names things: with the names at the swap, or with those of the catalog when it
     * runs.
     */
    interface Form {
        Sql live();

        Sql referring();

        Sql column(int pair);

        Sql referenced(int pair);

        Sql valueOf(String row, Sql column);
    }

    private record AsMade(KeyTables tables) implements Form {
        @Override
        public Sql live() {
            return tables.live().asSql();
        }

        @Override
        public Sql referring() {
            return tables.referringTable().asSql();
        }

        @Override
        public Sql column(int pair) {
            return tables.columns().get(pair).asSql();
        }

        @Override
        public Sql referenced(int pair) {
            return tables.referencedColumns().get(pair).asSql();
        }

        @Override
        public Sql valueOf(String row, Sql column) {
            return Sql.join(".", List.of(Sql.raw(row), column));
        }
    }

    /**
     * For {@code format}: each name becomes a character that no other name contains, and finally a placeholder.
     *
     * @param width the number of names of one table
     */
    private record AsFound(int width) implements Form {
        private static final char NAME = '\uE000';

        @Override
        public Sql live() {
            return Sql.join(".", List.of(name(0), name(1)));
        }

        @Override
        public Sql referring() {
            return Sql.join(".", List.of(name(width), name(width + 1)));
        }

        @Override
        public Sql column(int pair) {
            return name(width + 2 + pair);
        }

        @Override
        public Sql referenced(int pair) {
            return name(2 + pair);
        }

        @Override
        public Sql valueOf(String row, Sql column) {
            String from = switch (row) {
                case "NEW" -> "($1)";
                case "OLD" -> "($2)";
                default -> row;
            };
            return Sql.join(".", List.of(Sql.raw(from), column));
        }

        private Sql name(int place) {
            return Sql.raw(Character.toString(NAME + place));
        }

        Sql format(Sql statement) {
            String text = statement.text().replace("%", "%%");
            for (int i = 0; i < 2 * width; i++) {
                text = text.replace(Character.toString(NAME + i), "%" + (i + 1) + "$I");
            }
            return FORMAT.with("text", Sql.literal(text));
        }
    }

    /** @param from the text after SELECT or PERFORM */
    Sql perform(Function<Form, Sql> from) {
        return PERFORM.with("fixed", asMade(from))
                .with("text", asFound(form -> Sql.of("SELECT {from}").with("from", from.apply(form))));
    }

    Sql ask(String variable, Function<Form, Sql> expression) {
        return ASK.with("variable", Sql.raw(variable))
                .with("fixed", asMade(expression))
                .with("text", asFound(form -> Sql.of("SELECT {it}").with("it", expression.apply(form))));
    }

    /** The values of a row's key, for people. */
    Sql show(String row, boolean referring) {
        return ask(
                "shown",
                form -> Sql.of("pg_catalog.concat_ws(', ', {texts})")
                        .with(
                                "texts",
                                pairs(
                                        ", ",
                                        i -> Sql.of("{value}::pg_catalog.text")
                                                .with(
                                                        "value",
                                                        form.valueOf(
                                                                row,
                                                                referring ? form.column(i) : form.referenced(i))))));
    }

    Sql asMade(Function<Form, Sql> statement) {
        return statement.apply(new AsMade(tables));
    }

    Sql asFound(Function<Form, Sql> statement) {
        AsFound form = new AsFound(tables.width());
        return form.format(statement.apply(form));
    }

    /**
     * The condition that the row {@code referencedRow} of the referenced table is the one that {@code referringRow}
     * refers to.
     */
    Sql matches(Form form, String referencedRow, String referringRow) {
        List<Pair> columns = tables.key().columns();
        return pairs(
                " AND ",
                i -> Sql.of("{referenced} {equality} {referring}{collation}")
                        .with("referenced", form.valueOf(referencedRow, form.referenced(i)))
                        .with("equality", columns.get(i).equality())
                        .with("referring", form.valueOf(referringRow, form.column(i)))
                        .with("collation", collation(columns.get(i))));
    }

    Sql pairs(String separator, IntFunction<Sql> pair) {
        return Sql.join(
                separator,
                IntStream.range(0, tables.key().columns().size()).mapToObj(pair).toList());
    }

    /** Compares the images of values, which every type has. */
    Sql sameImage(Form form, String row, String other) {
        return Sql.of("ROW({row})::pg_catalog.record OPERATOR(pg_catalog.*=) ROW({other})::pg_catalog.record")
                .with("row", pairs(", ", i -> form.valueOf(row, form.column(i))))
                .with("other", pairs(", ", i -> form.valueOf(other, form.column(i))));
    }

    Sql isNull(String separator, Form form, String row, IntFunction<Sql> column) {
        return pairs(separator, i -> Sql.of("{value} IS NULL").with("value", form.valueOf(row, column.apply(i))));
    }

    private static Sql collation(Pair pair) {
        return Sql.raw(pair.collation().map(name -> " COLLATE " + name).orElse(""));
    }
}
