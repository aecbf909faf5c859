package liquibase.ext.partition.engine.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SqlTest {
    @Test
    void fragmentsAreInsertedAndValuesBound() {
        Sql sql = Sql.of("SELECT {columns} FROM {table} WHERE id = {id} AND name = {name} AND {id} > 0")
                .with("columns", Sql.list(List.of(new Identifier("a"), new Identifier("B"))))
                .with("table", QualifiedName.of("Sales", "order"))
                .with("id", 5L)
                .with("name", null);

        assertThat(sql.text())
                .isEqualTo("SELECT \"a\", \"B\" FROM \"Sales\".\"order\" WHERE id = ? AND name = ? AND ? > 0");
        assertThat(sql.values()).isEqualTo(Arrays.asList(5L, null, 5L));
        assertThat(sql.script())
                .isEqualTo("SELECT \"a\", \"B\" FROM \"Sales\".\"order\" WHERE id = 5 AND name = NULL AND 5 > 0");
    }

    @Test
    void whatLooksLikeAHoleInANameOrAValueIsNone() {
        Sql sql = Sql.of("SELECT {name}, {value}")
                .with("name", new Identifier("{value}"))
                .with("value", "{name}");

        assertThat(sql.text()).isEqualTo("SELECT \"{value}\", ?");
        assertThat(sql.script()).isEqualTo("SELECT \"{value}\", '{name}'");
        assertThat(Sql.raw("a {hole}").text()).isEqualTo("a {hole}");
    }

    @Test
    void aHoleThatIsNotThereAndOneThatIsNotFilledAreMistakes() {
        Sql sql = Sql.of("SELECT {one}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sql.with("two", 2))
                .withMessageContaining("No hole {two} in: SELECT {one}");
        assertThatIllegalStateException().isThrownBy(sql::text).withMessageContaining("Hole {one} was not filled in");
        assertThatIllegalStateException().isThrownBy(sql::values);
        assertThatIllegalStateException().isThrownBy(sql::script);
        assertThat(sql).hasToString("SELECT {one}");
    }

    @Test
    void literalsAreWrittenForAnySettingOfTheServer() {
        assertThat(script("it's")).isEqualTo("'it''s'");
        assertThat(script("a\\b'c")).isEqualTo("E'a\\\\b''c'");
        assertThat(script("? {x} $1")).isEqualTo("'? {x} $1'");
        assertThat(script(true)).isEqualTo("true");
        assertThat(script(new TupleId(7))).isEqualTo("'(7,0)'");
        assertThat(script(new String[] {"a'b", "c\\"})).isEqualTo("ARRAY['a''b', E'c\\\\']::pg_catalog.text[]");
    }

    private static String script(Object value) {
        return Sql.of("{v}").with("v", value).script();
    }

    @Test
    void joinsWithoutASeparatorTooMany() {
        assertThat(Sql.join(" AND ", List.of()).text()).isEmpty();
        assertThat(Sql.join(" AND ", List.of(Sql.raw("a"))).text()).isEqualTo("a");
        assertThat(Sql.list("t", List.of(new Identifier("a"), new Identifier("b\"c")))
                        .text())
                .isEqualTo("t.\"a\", t.\"b\"\"c\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "A", "a\"b", "a b", "select", "?", "$1", "{x}", "ü", "a.b", "'", "\\"})
    void aNameIsAlwaysQuoted(String name) {
        assertThat(new Identifier(name).quoted()).isEqualTo("\"" + name.replace("\"", "\"\"") + "\"");
        assertThat(new Identifier(name)).hasToString(name);
    }

    @Test
    void aNameThatPostgresqlWouldCutIsAnError() {
        String longest = "a".repeat(63);
        assertThat(new Identifier(longest).name()).isEqualTo(longest);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Identifier(longest + "a"))
                .withMessageContaining("has 64 bytes; PostgreSQL keeps 63. Choose a shorter one.");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Identifier("ü".repeat(32)))
                .withMessageContaining("has 64 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Identifier(""))
                .withMessageContaining("empty");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Identifier("a\0b"))
                .withMessageContaining("zero byte");
    }

    @Test
    void aBlockNumberIsOneThatATableCanHave() {
        assertThat(new TupleId(0)).hasToString("(0,0)");
        assertThat(new TupleId(TupleId.MAX_BLOCK)).hasToString("(4294967295,0)");
        assertThatIllegalArgumentException().isThrownBy(() -> new TupleId(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> new TupleId(TupleId.MAX_BLOCK + 1));
    }
}
