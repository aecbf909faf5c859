package liquibase.ext.partition.engine.time;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.time.TextDateField.Meaning;
import liquibase.ext.partition.engine.time.TextDatePattern.Field;

/** Finds patterns that make no sense, or cannot be read without guessing. */
final class TextDateRules {
    private TextDateRules() {}

    /** The problem of the pattern, as the end of a sentence. */
    static Optional<String> problem(TextDatePattern pattern) {
        Map<Meaning, TextDateField> said = new EnumMap<>(Meaning.class);
        for (Field field : pattern.fields()) {
            TextDateField before = said.put(field.field().meaning(), field.field());
            if (before != null) {
                return Optional.of(
                        before == field.field()
                                ? "%s stands in it twice".formatted(before.word())
                                : "%s and %s say the same thing"
                                        .formatted(before.word(), field.field().word()));
            }
        }
        return missing(said).or(() -> unreadable(pattern));
    }

    private static Optional<String> missing(Map<Meaning, TextDateField> said) {
        if (!said.containsKey(Meaning.YEAR)) {
            return Optional.of("it has no year (YYYY or YY)");
        }
        if (said.containsKey(Meaning.DAY_OF_YEAR)
                && (said.containsKey(Meaning.MONTH) || said.containsKey(Meaning.DAY))) {
            return Optional.of("DDD, the day of the year, does not go with a month or DD");
        }
        boolean twelveHours =
                said.get(Meaning.HOUR) == TextDateField.HH12 || said.get(Meaning.HOUR) == TextDateField.HH;
        if (twelveHours && !said.containsKey(Meaning.HALF_OF_DAY)) {
            return Optional.of("%s needs AM or PM; hours from 0 to 23 are HH24"
                    .formatted(said.get(Meaning.HOUR).word()));
        }
        if (said.containsKey(Meaning.HALF_OF_DAY) && !twelveHours) {
            return Optional.of("AM and PM go with HH12 only");
        }
        return requires(said, Meaning.DAY, Meaning.MONTH, "a month (MM, MON or MONTH)")
                .or(() -> requires(said, Meaning.HOUR, dayOf(said), "a day (DD or DDD)"))
                .or(() -> requires(said, Meaning.MINUTE, Meaning.HOUR, "an hour (HH24 or HH12)"))
                .or(() -> requires(said, Meaning.SECOND, Meaning.MINUTE, "minutes (MI)"))
                .or(() -> requires(said, Meaning.FRACTION, Meaning.SECOND, "seconds (SS)"))
                .or(() -> requires(said, Meaning.OFFSET_HOURS, Meaning.HOUR, "an hour (HH24 or HH12)"))
                .or(() -> requires(said, Meaning.OFFSET_MINUTES, Meaning.OFFSET_HOURS, "TZH"));
    }

    private static Meaning dayOf(Map<Meaning, TextDateField> said) {
        return said.containsKey(Meaning.DAY_OF_YEAR) ? Meaning.DAY_OF_YEAR : Meaning.DAY;
    }

    private static Optional<String> requires(
            Map<Meaning, TextDateField> said, Meaning what, Meaning other, String needed) {
        return said.containsKey(what) && !said.containsKey(other)
                ? Optional.of("%s needs %s".formatted(said.get(what).word(), needed))
                : Optional.empty();
    }

    private static Optional<String> unreadable(TextDatePattern pattern) {
        List<Field> fields = pattern.fields();
        for (int i = 0; i < fields.size(); i++) {
            Field field = fields.get(i);
            if (field.fieldsInRun() > 1 && field.field().width() == 0) {
                return Optional.of("%s needs a character before and after it"
                        .formatted(field.field().word()));
            }
            String before = pattern.textBefore(field.run());
            if (!before.isEmpty()) {
                String separator = lastCharacter(before);
                for (Field earlier : fields.subList(0, i + 1)) {
                    if (earlier.field().characters().contains(separator)) {
                        return Optional.of(confused(separator, earlier));
                    }
                }
            }
            String after = pattern.textAfter(field);
            if (field.fieldsInRun() == 1
                    && !after.isEmpty()
                    && field.field().characters().contains(firstCharacter(after))) {
                return Optional.of(confused(firstCharacter(after), field));
            }
        }
        return Optional.empty();
    }

    private static String confused(String separator, Field field) {
        return "the <%s> next to a field can also be part of what %s stands for"
                .formatted(separator, field.field().word());
    }

    private static String lastCharacter(String text) {
        return Character.toString(text.codePointBefore(text.length())).toLowerCase(java.util.Locale.ROOT);
    }

    private static String firstCharacter(String text) {
        return Character.toString(text.codePointAt(0)).toLowerCase(java.util.Locale.ROOT);
    }
}
