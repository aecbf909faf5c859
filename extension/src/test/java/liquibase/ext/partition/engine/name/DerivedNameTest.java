package liquibase.ext.partition.engine.name;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import org.junit.jupiter.api.Test;

class DerivedNameTest {
    @Test
    void isTheNameAndTheSuffixWhereThatFits() {
        assertThat(DerivedName.of("orders", "_new").name()).isEqualTo("orders_new");
        assertThat(DerivedName.of("a".repeat(59), "_new").name()).isEqualTo("a".repeat(59) + "_new");
    }

    @Test
    void hasAHashOfTheWholeNameWhereItDoesNotFit() {
        String name = DerivedName.of("a".repeat(60), "_new").name();
        assertThat(name).matches("a{50}_[0-9a-f]{8}_new").hasSize(63);
    }

    @Test
    void isCutBetweenCharactersNotInThem() {
        for (String base : new String[] {
            "ü".repeat(31), "a" + "ü".repeat(30), "索".repeat(21), "𝒜".repeat(15), "ab" + "𝒜".repeat(15)
        }) {
            for (String suffix : new String[] {"_old", "_capture", "_no_truncate", "_202401"}) {
                Identifier name = DerivedName.of(base, suffix);
                assertThat(Identifier.byteLength(name.name())).isLessThanOrEqualTo(63);
                assertThat(name.name()).doesNotContain("\uFFFD").endsWith(suffix);
                assertThat(name.name().codePoints().noneMatch(c -> c >= 0xD800 && c <= 0xDFFF))
                        .isTrue();
            }
        }
    }

    @Test
    void isAnotherForEveryLongNameThatBeginsAlike() {
        Set<String> names = new HashSet<>();
        for (int i = 10; i < 100; i++) {
            names.add(DerivedName.of("a".repeat(60) + i, "_new").name());
        }
        assertThat(names).hasSize(90);
    }

    @Test
    void isTheSameEveryTime() {
        assertThat(DerivedName.of("b".repeat(63), "_old")).isEqualTo(DerivedName.of("b".repeat(63), "_old"));
    }

    @Test
    void namesOfIndexesOnBothSidesAndOnPartitionsAreDistinct() {
        QualifiedName source = QualifiedName.of("s", "orders");
        Identifier index = new Identifier("i".repeat(63));
        assertThat(Set.of(
                        index,
                        CarriedName.newIndex(source, index).name(),
                        CarriedName.backupIndex(source, index).name(),
                        CarriedName.partitionIndex(new Identifier("orders_202401"), index),
                        CarriedName.partitionIndex(new Identifier("orders_202402"), index)))
                .hasSize(5);
        assertThat(CarriedName.newIndex(source, index).schema().name()).isEqualTo("s");
    }
}
