package liquibase.ext.partition.attribute;

import static org.assertj.core.api.Assertions.assertThat;

import liquibase.ext.partition.engine.sql.QualifiedName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableSelectionTest {
    @ParameterizedTest
    @CsvSource(nullValues = "null", delimiter = '|', textBlock = """
                    null            | false
                    ''              | false
                    ' '             | false
                    ${swapApproved} | false
                    all             | true
                    orders          | true
                    shop.orders     | true
                    events, orders  | true
                    'orders,'       | true
                    events,all      | true
                    other.orders    | false
                    Orders          | false
                    ORDERS          | false
                    order           | false
                    orders_old      | false
                    ALL             | false
                    """)
    void names(String text, boolean selected) {
        assertThat(TableSelection.parse(text).contains(QualifiedName.of("shop", "orders")))
                .isEqualTo(selected);
    }
}
