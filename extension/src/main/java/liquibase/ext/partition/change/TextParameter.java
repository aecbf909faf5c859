package liquibase.ext.partition.change;

import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import liquibase.change.Change;
import liquibase.change.ChangeParameterMetaData;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.serializer.LiquibaseSerializable.SerializationType;

/**
 * An optional attribute in the form that Liquibase knows: a parameter of a change. It is described elsewhere, because
 * several changes have it, and so it is no bean property.
 */
final class TextParameter extends ChangeParameterMetaData {
    private final Function<PartitionChange, String> value;
    private final BiConsumer<PartitionChange, Object> setter;

    private TextParameter(
            PartitionChange change,
            String name,
            String description,
            String example,
            Function<PartitionChange, String> value,
            BiConsumer<PartitionChange, Object> setter) {
        super(
                change,
                name,
                name,
                description,
                Map.of("all", example),
                null,
                String.class,
                new String[] {PartitionChange.OPTIONAL},
                new String[] {PartitionChange.POSTGRESQL},
                null,
                SerializationType.NAMED_FIELD);
        this.value = value;
        this.setter = setter;
    }

    static TextParameter of(PartitionChange change, TuningAttribute attribute) {
        return new TextParameter(
                change,
                attribute.attributeName(),
                attribute.description(),
                attribute.example(),
                it -> it.tuning().text(attribute),
                (it, text) -> it.tuning().set(attribute, text));
    }

    static TextParameter of(PartitionChange change, MadeTable table) {
        return new TextParameter(
                change,
                table.attributeName(),
                table.description(),
                table.example(),
                it -> it.givenName(table),
                (it, text) -> it.setName(table, text == null ? null : text.toString()));
    }

    @Override
    public Object getCurrentValue(Change change) {
        return value.apply((PartitionChange) change);
    }

    @Override
    public void setValue(Change change, Object text) {
        setter.accept((PartitionChange) change, text);
    }
}
