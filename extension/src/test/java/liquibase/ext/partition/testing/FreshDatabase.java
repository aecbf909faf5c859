package liquibase.ext.partition.testing;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;

/**
 * Gives each test a database of its own, in a field or in a parameter of the type {@link TestDatabase}, and drops it
 * after the test:
 *
 * <pre>{@code
 * @ExtendWith(FreshDatabase.class)
 * class CaptureTest {
 *     private TestDatabase database;
 *
 *     @BeforeEach void orders() { database.execute(…); }
 * }
 * }</pre>
 *
 * A class with neither gets none. With a parameter of {@code @BeforeAll}, one database serves the whole class.
 */
public class FreshDatabase implements BeforeEachCallback, ParameterResolver {
    /** JUnit closes the objects in its store when the context ends. */
    protected static final Namespace STORE = Namespace.create(FreshDatabase.class);

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        setFields(context, TestDatabase.class, () -> database(context));
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestDatabase.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return database(context);
    }

    /** The test's database, made at the first request. */
    protected static TestDatabase database(ExtensionContext context) {
        return context.getStore(STORE)
                .computeIfAbsent(TestDatabase.class, type -> TestDatabase.create(), TestDatabase.class);
    }

    /** Sets the test's fields of that type. */
    protected static <T> void setFields(ExtensionContext context, Class<T> type, Supplier<T> value)
            throws IllegalAccessException {
        for (Field field : ReflectionSupport.findFields(
                context.getRequiredTestClass(),
                it -> it.getType() == type && !Modifier.isStatic(it.getModifiers()),
                HierarchyTraversalMode.TOP_DOWN)) {
            field.setAccessible(true);
            field.set(context.getRequiredTestInstance(), value.get());
        }
    }
}
