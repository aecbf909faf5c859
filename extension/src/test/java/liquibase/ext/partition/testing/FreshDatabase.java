package liquibase.ext.partition.testing;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives each test that has a {@link TestDatabase} parameter a database of its own and drops it after the test:
 *
 * <pre>{@code
 * @ExtendWith(FreshDatabase.class)
 * class CaptureTest {
 *     @Test void refusesTruncate(TestDatabase database) { … }
 * }
 * }</pre>
 *
 * {@code @BeforeEach} and {@code @AfterEach} get the test's database; asked for in {@code @BeforeAll}, one database
 * serves the whole class.
 */
public final class FreshDatabase implements ParameterResolver {

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestDatabase.class;
    }

    @Override
    public TestDatabase resolveParameter(ParameterContext parameter, ExtensionContext context) {
        // JUnit closes what its store holds when the context ends.
        return context.getStore(Namespace.create(FreshDatabase.class))
                .computeIfAbsent(TestDatabase.class, type -> TestDatabase.create(), TestDatabase.class);
    }
}
