package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NewColumnTest {
    private static NewColumn column(String using, String reverseUsing) {
        NewColumn column = new NewColumn();
        column.setName("tags");
        column.setType("boolean");
        column.setUsing(using);
        column.setReverseUsing(reverseUsing);
        return column;
    }

    /** Otherwise the driver would wait for a value, and only in the first chunk. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "tags ? 'vip'",
                "tags ?| array['a']",
                "tags ?? 'vip'",
                "'it''s' || tags ?& '{}'",
                "e'\\'' || (tags ? 'a')",
                "\"a?\" ? 'a'",
                "$$a$$ ? tags",
                "/* a */ tags ? 'a' -- why"
            })
    void aQuestionMarkThatTheDriverTakesForAParameterIsRefused(String expression) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> column(expression, null).change())
                .withMessageContaining("using of column tags has a question mark")
                .withMessageContaining("jsonb_exists(a, b)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> column("true", expression).change())
                .withMessageContaining("reverseUsing of column tags");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jsonb_exists(tags, 'vip')",
                "tags = 'why?'",
                "tags = 'it''s?'",
                "tags = E'it\\'s?'",
                "\"really?\"",
                "$$?$$ = tags",
                "$a$ $b$ ? $a$ = tags",
                "true -- ?",
                "/* ? */ true"
            })
    void aQuestionMarkInAStringANameOrACommentIsTaken(String expression) {
        assertThat(column(expression, null).change().using()).contains(expression);
    }
}
