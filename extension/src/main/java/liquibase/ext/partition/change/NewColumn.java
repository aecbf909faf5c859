package liquibase.ext.partition.change;

import java.util.Optional;
import liquibase.ext.partition.engine.target.ColumnChange;
import liquibase.serializer.AbstractLiquibaseSerializable;

/** The type that {@code createPartitionedTable} gives to a column. */
public class NewColumn extends AbstractLiquibaseSerializable {
    private String name;
    private String type;
    private String using;
    private String reverseUsing;

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    public String getType() {
        return type;
    }

    public void setType(String type) {
        this.type = type;
    }

    /** An expression over the column that gives the new value; a cast where it is null. */
    public String getUsing() {
        return using;
    }

    public void setUsing(String using) {
        this.using = using;
    }

    /** An expression over the new value that gives the old one back; a cast where it is null. */
    public String getReverseUsing() {
        return reverseUsing;
    }

    public void setReverseUsing(String reverseUsing) {
        this.reverseUsing = reverseUsing;
    }

    /** @throws IllegalArgumentException with a message for people, when something is missing */
    ColumnChange change() {
        if (name == null || type == null) {
            throw new IllegalArgumentException("a column needs a name and a type.");
        }
        if (reverseUsing != null && using == null) {
            throw new IllegalArgumentException(
                    "column %s has reverseUsing without using; say how it is converted first.".formatted(name));
        }
        return new ColumnChange(
                Attributes.name("column", name), type, Optional.ofNullable(using), Optional.ofNullable(reverseUsing));
    }

    @Override
    public String getSerializedObjectName() {
        return "column";
    }

    @Override
    public String getSerializedObjectNamespace() {
        return PartitionChange.NAMESPACE;
    }
}
