package liquibase.ext.partition.generator.plan;

import java.util.Locale;
import java.util.Optional;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.survey.DefaultSample;
import liquibase.ext.partition.engine.survey.Survey;

/**
 * What is known of one table of the config.
 *
 * @param begun how far its migration is, a sentence; empty where there is none
 * @param survey empty where the migration has begun: then the table is not what it was
 */
public record TablePlan(NewTableSpec spec, Optional<String> begun, Optional<Survey> survey) {
    /** What comes out. */
    public enum Verdict {
        PARTITIONABLE,
        BEGUN,
        REFUSED;

        /** {@code partitionable} */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Verdict verdict() {
        if (survey.isEmpty()) {
            return Verdict.BEGUN;
        }
        return survey.get().isRefused() ? Verdict.REFUSED : Verdict.PARTITIONABLE;
    }

    /** Whether it can be partitioned, but more rows of a sample would be in the default partition than may be there. */
    public boolean isToBeLookedAt() {
        return verdict() == Verdict.PARTITIONABLE
                && survey.flatMap(Survey::sample)
                        .filter(DefaultSample::isExceeded)
                        .isPresent();
    }
}
