package liquibase.ext.partition.attribute;

import liquibase.parser.LiquibaseParser;
import liquibase.parser.NamespaceDetails;
import liquibase.parser.core.xml.XMLChangeLogSAXParser;
import liquibase.serializer.LiquibaseSerializer;
import liquibase.serializer.core.xml.XMLChangeLogSerializer;

/** Tells Liquibase where the schema of our XML namespace is, when Liquibase writes a changelog. */
public class PartitionNamespace implements NamespaceDetails {
    private static final String SCHEMA = Attributes.NAMESPACE + "/liquibase-partition-latest.xsd";

    @Override
    public int getPriority() {
        return PRIORITY_EXTENSION;
    }

    @Override
    public boolean supports(LiquibaseSerializer serializer, String namespaceOrUrl) {
        return serializer instanceof XMLChangeLogSerializer && isOurs(namespaceOrUrl);
    }

    @Override
    public boolean supports(LiquibaseParser parser, String namespaceOrUrl) {
        return parser instanceof XMLChangeLogSAXParser && isOurs(namespaceOrUrl);
    }

    @Override
    public String getShortName(String namespaceOrUrl) {
        return "partition";
    }

    @Override
    public String getSchemaUrl(String namespaceOrUrl) {
        return SCHEMA;
    }

    @Override
    public String[] getNamespaces() {
        return new String[] {Attributes.NAMESPACE};
    }

    private static boolean isOurs(String namespaceOrUrl) {
        return Attributes.NAMESPACE.equals(namespaceOrUrl) || SCHEMA.equals(namespaceOrUrl);
    }
}
