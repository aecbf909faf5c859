package liquibase.ext.partition.attribute;

import liquibase.serializer.AbstractLiquibaseSerializable;

/** A column with its type, as an element of a changelog. */
public abstract class TypedColumn extends AbstractLiquibaseSerializable {
    private String name;
    private String type;

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    /** The type with its modifiers, under any of the names that PostgreSQL knows for it. */
    public String getType() {
        return type;
    }

    public void setType(String type) {
        this.type = type;
    }

    @Override
    public String getSerializedObjectName() {
        return "column";
    }

    @Override
    public String getSerializedObjectNamespace() {
        return Attributes.NAMESPACE;
    }
}
