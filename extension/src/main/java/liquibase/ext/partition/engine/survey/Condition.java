package liquibase.ext.partition.engine.survey;

import java.util.Locale;

/**
 * A setting, or a state, of the server that a migration depends on.
 *
 * @param name PostgreSQL's own name if it is one of its parameters
 * @param value the value in a form for people
 * @param sentence what the value means here, and what to do about it
 */
public record Condition(String name, String value, Verdict verdict, String sentence) {
    /** The consequence of a condition for the migration. */
    public enum Verdict {
        /** Nothing needs to be done. */
        OK,
        /** The migration works, but somebody should know, or look. */
        ADVICE,
        /** The migration does not work. */
        REFUSED;

        /** {@code advice} */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Condition ok(String name, Object value, String sentence) {
        return new Condition(name, value.toString(), Verdict.OK, sentence);
    }

    static Condition advice(String name, Object value, String sentence) {
        return new Condition(name, value.toString(), Verdict.ADVICE, sentence);
    }

    static Condition refused(String name, Object value, String sentence) {
        return new Condition(name, value.toString(), Verdict.REFUSED, sentence);
    }
}
