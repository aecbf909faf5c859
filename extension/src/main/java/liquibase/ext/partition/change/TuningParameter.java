package liquibase.ext.partition.change;

import java.util.Map;
import liquibase.change.Change;
import liquibase.change.ChangeParameterMetaData;
import liquibase.ext.partition.attribute.Tuning;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.serializer.LiquibaseSerializable.SerializationType;

/**
 * A {@link TuningAttribute} in the form that Liquibase knows: a parameter of a change, which keeps its value in the
 * change's {@link Tuning}.
 */
final class TuningParameter extends ChangeParameterMetaData {
    private final TuningAttribute attribute;

    TuningParameter(PartitionChange change, TuningAttribute attribute) {
        super(
                change,
                attribute.attributeName(),
                attribute.attributeName(),
                attribute.description(),
                Map.of("all", attribute.example()),
                null,
                String.class,
                new String[] {PartitionChange.OPTIONAL},
                new String[] {PartitionChange.POSTGRESQL},
                null,
                SerializationType.NAMED_FIELD);
        this.attribute = attribute;
    }

    @Override
    public Object getCurrentValue(Change change) {
        return ((PartitionChange) change).tuning().text(attribute);
    }

    @Override
    public void setValue(Change change, Object value) {
        ((PartitionChange) change).tuning().set(attribute, value);
    }
}
