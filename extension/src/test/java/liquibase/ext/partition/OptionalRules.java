package liquibase.ext.partition;

import static com.tngtech.archunit.base.DescribedPredicate.anyElementThat;
import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noCodeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Optional;

/**
 * {@link Optional} is what a method returns, or a component of a record, which its accessor returns. Whoever passes one
 * on leaves the decision to others.
 */
public final class OptionalRules {
    private static final DescribedPredicate<JavaField> COMPONENT =
            describe("components of records", OptionalRules::isComponent);

    /** The compiler passes to a lambda, as a parameter, what it uses of its surroundings. */
    private static final DescribedPredicate<JavaCodeUnit> MADE_BY_THE_COMPILER =
            describe("made by the compiler", it -> it.getModifiers().contains(JavaModifier.SYNTHETIC));

    private static final DescribedPredicate<JavaCodeUnit> CANONICAL = describe(
            "canonical constructors of records",
            it -> it.isConstructor()
                    && it.getOwner().isRecord()
                    && it.getRawParameterTypes().size()
                            == it.getOwner().getFields().stream()
                                    .filter(OptionalRules::isComponent)
                                    .count());

    public static final ArchRule NO_PARAMETER = noCodeUnits()
            .that(not(CANONICAL).and(not(MADE_BY_THE_COMPILER)))
            .should()
            .haveRawParameterTypes(anyElementThat(assignableTo(Optional.class)));

    public static final ArchRule NO_FIELD =
            noFields().that(not(COMPONENT)).should().haveRawType(Optional.class);

    private OptionalRules() {}

    private static boolean isComponent(JavaField field) {
        JavaClass owner = field.getOwner();
        return owner.isRecord() && !field.getModifiers().contains(JavaModifier.STATIC);
    }
}
