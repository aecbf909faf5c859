package liquibase.ext.partition.generator.plan;

import java.util.Locale;
import java.util.Optional;
import liquibase.ext.partition.engine.exchange.ExchangeOutlook;
import liquibase.ext.partition.engine.exchange.ExchangeSpec;

/**
 * The findings about one exchange of the config.
 *
 * @param begun how far it has come, as a sentence; empty if it has not begun
 * @param outlook what it would come to; empty if it has begun
 */
public record ExchangePlan(ExchangeSpec spec, Optional<String> begun, Optional<ExchangeOutlook> outlook) {
    /** The verdict on the exchange. */
    public enum Verdict {
        EXCHANGEABLE,
        BEGUN,
        REFUSED;

        /** {@code exchangeable} */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Verdict verdict() {
        if (outlook.isEmpty()) {
            return Verdict.BEGUN;
        }
        return outlook.get().isRefused() ? Verdict.REFUSED : Verdict.EXCHANGEABLE;
    }
}
