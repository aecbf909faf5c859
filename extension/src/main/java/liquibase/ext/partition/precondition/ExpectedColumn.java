package liquibase.ext.partition.precondition;

import liquibase.ext.partition.change.PartitionChange;
import liquibase.serializer.AbstractLiquibaseSerializable;

/** A column that {@code sourceColumns} expects. */
public class ExpectedColumn extends AbstractLiquibaseSerializable {
    private String name;
    private String type;

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

    @Override
    public String getSerializedObjectName() {
        return "column";
    }

    @Override
    public String getSerializedObjectNamespace() {
        return PartitionChange.NAMESPACE;
    }
}
