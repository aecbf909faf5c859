package liquibase.ext.partition.carried;

import java.util.EnumSet;
import java.util.Set;
import liquibase.ext.partition.engine.catalog.Feature;

/** What a table of these tests does not have yet, because it would be refused or left behind. */
final class Awaited {
    static final Set<Feature> FEATURES = EnumSet.of(Feature.TABLESPACE, Feature.SECURITY_LABELS);

    private Awaited() {}
}
