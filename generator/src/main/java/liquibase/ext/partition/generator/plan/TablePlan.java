package liquibase.ext.partition.generator.plan;

import java.util.Locale;
import java.util.Optional;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.survey.Survey;
import liquibase.ext.partition.engine.survey.sample.DefaultSample;

/**
 * The findings about one table of the config.
 *
 * @param begun how far its migration has come, as a sentence; empty if there is none
 * @param survey the survey; empty if the migration has begun, because the table is no longer what it was
 */
public record TablePlan(NewTableSpec spec, Optional<String> begun, Optional<Survey> survey) {
    /** The verdict on the table. */
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

    /**
     * Whether the table can be partitioned, but a larger share of a sample than allowed would be in the default
     * partition.
     */
    public boolean isToBeLookedAt() {
        return verdict() == Verdict.PARTITIONABLE
                && survey.flatMap(Survey::sample)
                        .filter(DefaultSample::isExceeded)
                        .isPresent();
    }
}
