package liquibase.ext.partition.change;

import java.util.Set;
import liquibase.change.DatabaseChangeProperty;
import liquibase.ext.partition.engine.partitioning.Runway;

/** A change that makes partitions, and says how far they reach. */
public abstract class RunwayChange extends PartitionChange {
    private String until;
    private String ahead;

    @DatabaseChangeProperty(
            description =
                    "The first interval without a partition; rows from then on go to the default partition. Either this or ahead is given",
            exampleValue = "2027-01",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getUntil() {
        return until;
    }

    public void setUntil(String until) {
        this.until = until;
    }

    @DatabaseChangeProperty(
            description =
                    "How many intervals after the present one get a partition, by the server's clock when the change runs. Either this or until is given",
            exampleValue = "6",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getAhead() {
        return ahead;
    }

    public void setAhead(String ahead) {
        this.ahead = ahead;
    }

    /** @throws IllegalArgumentException with a message for people, unless one of the two is given and can be read */
    protected Runway runway() {
        return Runway.parse(ahead, until);
    }

    /** How far the partitions reach may change at any time: addPartitions makes what is missing. */
    @Override
    protected Set<String> changeableAttributes() {
        return Set.of("until", "ahead");
    }
}
