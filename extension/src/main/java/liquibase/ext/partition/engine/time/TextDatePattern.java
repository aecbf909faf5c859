package liquibase.ext.partition.engine.time;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.TextDateField.Meaning;

/**
 * A template pattern of PostgreSQL's {@code to_timestamp}, such as {@code MM/DD/YYYY} or {@code DD.MM.YYYY HH24:MI}.
 *
 * <p>It consists of {@linkplain TextDateField fields}, and between them text that must stand in the value as it is:
 * letters and anything else in double quotes, other characters without. If a pattern does not give a full time, the
 * rest is the beginning: {@code MM/YYYY} is the first of the month, {@code YYYY} the first of January, and without
 * hours it is midnight. Without {@code TZH} the time is in UTC. Blanks around the value do not matter.
 *
 * <p>A field of two digits (or three, {@code DDD}) that has a character before and after it, or the pattern's end, may
 * be written with fewer: {@code 1/5/2024} matches {@code MM/DD/YYYY}. Years are written in full. Fields with nothing
 * between them, as in {@code YYYYMMDD}, have their full width. {@code FM} is allowed and changes nothing.
 *
 * @param parts fields and texts in order
 */
record TextDatePattern(List<Part> parts) implements TextDateFormat {
    private static final int MAX_LENGTH = 64;

    private static final Sql EXPRESSION = Sql.of("""
            CASE
              WHEN written OPERATOR(pg_catalog.!~) {pattern} THEN NULL
            {checks}  ELSE {time}
            END""");

    /** A field, or the text between two fields. */
    sealed interface Part {}

    /**
     * A field in a run of {@code fieldsInRun} fields with nothing between them; the fields before it in the run fill
     * {@code offset} characters.
     */
    record Field(TextDateField field, int run, int offset, int fieldsInRun) implements Part {}

    /** Text that stands in the value as it is; never empty, and without digits. */
    record Text(String text) implements Part {}

    /** @throws IllegalArgumentException with a message for people */
    static TextDatePattern parse(String pattern) {
        if (pattern.length() > MAX_LENGTH) {
            throw refused(pattern, "it is longer than %d characters".formatted(MAX_LENGTH));
        }
        TextDatePattern parsed = new TextDatePattern(numbered(scan(pattern.strip())));
        TextDateRules.problem(parsed).ifPresent(problem -> {
            throw refused(pattern, problem);
        });
        return parsed;
    }

    private static IllegalArgumentException refused(String pattern, String problem) {
        return new IllegalArgumentException(
                "textFormat is <%s>, but %s. It can be iso, or a pattern of %s, with other text in double quotes."
                        .formatted(pattern, problem, TextDateField.supported()));
    }

    private static List<Part> scan(String pattern) {
        List<Part> parts = new ArrayList<>();
        int at = 0;
        while (at < pattern.length()) {
            char c = pattern.charAt(at);
            int from = at;
            if (c == '"') {
                at = pattern.indexOf('"', from + 1);
                if (at < 0) {
                    throw refused(pattern, "the quotation mark at character %d is not closed".formatted(from + 1));
                }
                addText(parts, pattern, pattern.substring(from + 1, at));
                at++;
            } else if (pattern.startsWith("FM", at) || pattern.startsWith("fm", at)) {
                at += 2;
            } else if (c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') {
                TextDateField field = TextDateField.at(pattern, at)
                        .orElseThrow(() -> refused(
                                pattern,
                                "<%s> is none of its fields; text goes in double quotes"
                                        .formatted(lettersFrom(pattern, from))));
                parts.add(new Field(field, 0, 0, 0));
                at += field.word().length();
            } else {
                addText(parts, pattern, String.valueOf(c));
                at++;
            }
        }
        return parts;
    }

    private static String lettersFrom(String pattern, int from) {
        int to = from;
        while (to < pattern.length() && Character.isLetterOrDigit(pattern.charAt(to))) {
            to++;
        }
        return pattern.substring(from, to);
    }

    private static void addText(List<Part> parts, String pattern, String text) {
        if (text.indexOf('\\') >= 0 || text.chars().anyMatch(Character::isDigit) || text.indexOf('\0') >= 0) {
            throw refused(
                    pattern,
                    "<%s> has a digit or a backslash, which the text between fields cannot have".formatted(text));
        }
        if (text.isEmpty()) {
            return;
        }
        if (!parts.isEmpty() && parts.get(parts.size() - 1) instanceof Text before) {
            parts.set(parts.size() - 1, new Text(before.text() + text));
        } else {
            parts.add(new Text(text));
        }
    }

    /** The same parts, with each field's place among its neighbours. */
    private static List<Part> numbered(List<Part> parts) {
        List<Part> numbered = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i) instanceof Field field) {
                int first = i;
                int offset = 0;
                while (first > 0 && parts.get(first - 1) instanceof Field before) {
                    offset += before.field().width();
                    first--;
                }
                int last = i;
                while (last + 1 < parts.size() && parts.get(last + 1) instanceof Field) {
                    last++;
                }
                numbered.add(new Field(field.field(), first, offset, last - first + 1));
            } else {
                numbered.add(parts.get(i));
            }
        }
        return List.copyOf(numbered);
    }

    List<Field> fields() {
        return parts.stream()
                .filter(Field.class::isInstance)
                .map(Field.class::cast)
                .toList();
    }

    /** The text before the run of fields that begins at {@code run}; empty at the start. */
    String textBefore(int run) {
        return run > 0 && parts.get(run - 1) instanceof Text text ? text.text() : "";
    }

    /** The text after the field's run; empty at the end. */
    String textAfter(Field field) {
        int after = field.run() + field.fieldsInRun();
        return after < parts.size() && parts.get(after) instanceof Text text ? text.text() : "";
    }

    @Override
    public Sql expression() {
        Map<Meaning, Sql> values = new EnumMap<>(Meaning.class);
        for (Field field : fields()) {
            values.put(field.field().meaning(), field.field().value(written(field)));
        }
        return EXPRESSION
                .with("pattern", Sql.literal(regularExpression()))
                .with("checks", checks(values))
                .with("time", time(values));
    }

    private String regularExpression() {
        return parts.stream()
                .map(part -> part instanceof Field field
                        ? field.field().regularExpression(field.fieldsInRun() == 1)
                        : ((Text) part)
                                .text()
                                .codePoints()
                                .mapToObj(TextDatePattern::quoted)
                                .collect(Collectors.joining()))
                .collect(Collectors.joining("", "^", "$"));
    }

    private static String quoted(int character) {
        if (character == '^') {
            return "\\^";
        }
        boolean plain = character > 127 || Character.isLetter(character) || character == ' ';
        return plain ? Character.toString(character) : "[" + Character.toString(character) + "]";
    }

    /**
     * The text of that field in the value. Its run of fields is found by the characters before and after it: fields
     * contain none of these, so the pattern shows how many of the character before stand before the run.
     */
    private Sql written(Field field) {
        Sql run = Sql.of("written");
        String before = textBefore(field.run());
        String after = textAfter(field);
        int separator = before.isEmpty() ? -1 : before.codePointBefore(before.length());
        if (separator >= 0) {
            run = split(run, separator, countBefore(field.run(), separator) + 1);
        }
        boolean cutByWidth = field.fieldsInRun() > 1;
        if (!after.isEmpty() && after.codePointAt(0) != separator) {
            run = cutByWidth ? run : split(run, after.codePointAt(0), 1);
        }
        return cutByWidth
                ? Sql.of("pg_catalog.substr({run}, {from}, {width})")
                        .with("run", run)
                        .with("from", Sql.raw(String.valueOf(field.offset() + 1)))
                        .with("width", Sql.raw(String.valueOf(field.field().width())))
                : run;
    }

    private static Sql split(Sql text, int separator, int number) {
        return Sql.of("pg_catalog.split_part({of}, {separator}, {number})")
                .with("of", text)
                .with("separator", Sql.literal(Character.toString(separator)))
                .with("number", Sql.raw(String.valueOf(number)));
    }

    private int countBefore(int part, int character) {
        return (int) parts.subList(0, part).stream()
                .filter(Text.class::isInstance)
                .flatMapToInt(text -> ((Text) text).text().codePoints())
                .filter(c -> c == character)
                .count();
    }

    private static Sql checks(Map<Meaning, Sql> values) {
        Sql year = values.get(Meaning.YEAR);
        List<Sql> checks = new ArrayList<>();
        if (values.containsKey(Meaning.DAY_OF_YEAR)) {
            checks.add(Sql.of("""
                            {day} OPERATOR(pg_catalog.=) 0 OR {day} OPERATOR(pg_catalog.>) (pg_catalog.make_date(\
                            {year} OPERATOR(pg_catalog.+) 1, 1, 1) OPERATOR(pg_catalog.-) pg_catalog.make_date({year}, 1, 1))""").with("day", values.get(Meaning.DAY_OF_YEAR)));
        } else if (values.containsKey(Meaning.DAY)) {
            checks.add(Sql.of("{day} OPERATOR(pg_catalog.>) 28 AND {day} OPERATOR(pg_catalog.>) ({daysOfMonth})")
                    .with("day", values.get(Meaning.DAY))
                    .with("daysOfMonth", TextDateFormat.daysOfMonth(Sql.of("{year}"), values.get(Meaning.MONTH))));
        }
        List<Sql> lines = new ArrayList<>();
        lines.add(Sql.of("  WHEN {year} OPERATOR(pg_catalog.=) 0 THEN NULL\n").with("year", year));
        for (Sql check : checks) {
            lines.add(Sql.of("  WHEN {check} THEN NULL\n").with("check", check.with("year", year)));
        }
        return Sql.join("", lines);
    }

    private static Sql time(Map<Meaning, Sql> values) {
        Sql date = values.containsKey(Meaning.DAY_OF_YEAR)
                ? Sql.of("(pg_catalog.make_date({year}, 1, 1) OPERATOR(pg_catalog.+) ({day} OPERATOR(pg_catalog.-) 1))")
                        .with("day", values.get(Meaning.DAY_OF_YEAR))
                : Sql.of("pg_catalog.make_date({year}, {month}, {day})")
                        .with("month", values.getOrDefault(Meaning.MONTH, Sql.raw("1")))
                        .with("day", values.getOrDefault(Meaning.DAY, Sql.raw("1")));
        date = date.with("year", values.get(Meaning.YEAR));
        if (!values.containsKey(Meaning.HOUR)) {
            return Sql.of("{date}::timestamp").with("date", date);
        }
        Sql time = Sql.of("{date} OPERATOR(pg_catalog.+) pg_catalog.make_time({hour}, {minute}, {second})")
                .with("date", date)
                .with("hour", hour(values))
                .with("minute", values.getOrDefault(Meaning.MINUTE, Sql.raw("0")))
                .with("second", second(values));
        if (!values.containsKey(Meaning.OFFSET_HOURS)) {
            return time;
        }
        Sql hours = values.get(Meaning.OFFSET_HOURS);
        Sql minutes = !values.containsKey(Meaning.OFFSET_MINUTES)
                ? Sql.raw("0")
                : Sql.of("(pg_catalog.left({hours}, 1) OPERATOR(pg_catalog.||) {minutes})::int")
                        .with("hours", hours)
                        .with("minutes", values.get(Meaning.OFFSET_MINUTES));
        return Sql.of(
                        "({time}) OPERATOR(pg_catalog.-) pg_catalog.make_interval(hours => {hours}::int, mins => {minutes})")
                .with("time", time)
                .with("hours", hours)
                .with("minutes", minutes);
    }

    private static Sql hour(Map<Meaning, Sql> values) {
        Sql hour = values.get(Meaning.HOUR);
        return !values.containsKey(Meaning.HALF_OF_DAY)
                ? hour
                : Sql.of("({hour} OPERATOR(pg_catalog.%) 12) OPERATOR(pg_catalog.+) ({half})")
                        .with("hour", hour)
                        .with("half", values.get(Meaning.HALF_OF_DAY));
    }

    private static Sql second(Map<Meaning, Sql> values) {
        Sql second = values.getOrDefault(Meaning.SECOND, Sql.raw("0"));
        return !values.containsKey(Meaning.FRACTION)
                ? second
                : Sql.of("{second} OPERATOR(pg_catalog.+) {fraction}")
                        .with("second", second)
                        .with("fraction", values.get(Meaning.FRACTION));
    }
}
