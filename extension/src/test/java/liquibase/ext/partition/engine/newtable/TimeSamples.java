package liquibase.ext.partition.engine.newtable;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;

/** Values of one kind of column, each with the time that it stands for, computed without any of the code under test. */
interface TimeSamples {
    /**
     * A value.
     *
     * @param text the text that PostgreSQL reads; null for NULL
     * @param time in microseconds since 1970, UTC, or {@code infinity}; null if the value is no time
     * @param order the value's place in the column's own order, in microseconds since 1970; null for outside of
     *     everything
     */
    record Sample(String text, String time, Long order) {
        static Sample at(String text, long micros) {
            return new Sample(text, String.valueOf(micros), micros);
        }

        static Sample none(String text) {
            return new Sample(text, null, null);
        }
    }

    long MICROS = 1_000_000;
    long DAY = 86_400 * MICROS;

    /** A value for that time, or as close before it as the kind can express; empty if it cannot express it at all. */
    List<Sample> at(long micros, Random random);

    /** Values that are no time, or a strange one. */
    List<Sample> odd();

    private static LocalDateTime dateTime(long micros) {
        return LocalDateTime.ofEpochSecond(
                Math.floorDiv(micros, MICROS), (int) Math.floorMod(micros, MICROS) * 1000, ZoneOffset.UTC);
    }

    private static boolean isOfFourDigits(long micros) {
        int year = dateTime(micros).getYear();
        return year >= 1 && year <= 9999;
    }

    private static String format(String pattern, long micros) {
        return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(dateTime(micros));
    }

    private static List<Sample> none(String... texts) {
        List<Sample> samples = new ArrayList<>();
        for (String text : texts) {
            samples.add(Sample.none(text));
        }
        samples.add(Sample.none(null));
        return samples;
    }

    private static List<Sample> with(List<Sample> samples, Sample... more) {
        List<Sample> all = new ArrayList<>(samples);
        all.addAll(List.of(more));
        return all;
    }

    private static String written(long micros) {
        LocalDateTime time = dateTime(micros);
        boolean bc = time.getYear() < 1;
        return "%04d-%s%s"
                .formatted(
                        bc ? 1 - time.getYear() : time.getYear(),
                        format("MM-dd HH:mm:ss.SSSSSS", micros),
                        bc ? " BC" : "");
    }

    /** {@code date}, {@code timestamp} and {@code timestamptz}. */
    record Dates(String type) implements TimeSamples {
        @Override
        public List<Sample> at(long micros, Random random) {
            return switch (type) {
                case "date" ->
                    List.of(Sample.at(written(micros).replaceFirst(" [0-9:.]+", ""), Math.floorDiv(micros, DAY) * DAY));
                case "timestamp" -> List.of(Sample.at(written(micros), micros));
                default -> {
                    int minutes = random.nextInt(-15 * 60, 15 * 60);
                    String offset = "%s%02d:%02d"
                            .formatted(minutes < 0 ? "-" : "+", Math.abs(minutes) / 60, Math.abs(minutes) % 60);
                    String local = written(micros + minutes * 60 * MICROS);
                    yield List.of(Sample.at(
                            local.endsWith(" BC") ? local.replace(" BC", offset + " BC") : local + offset, micros));
                }
            };
        }

        @Override
        public List<Sample> odd() {
            List<Sample> odd = with(
                    none(),
                    new Sample("infinity", "infinity", null),
                    new Sample("-infinity", "-infinity", null),
                    Sample.at(
                            type.equals("date") ? "4713-11-25 BC" : "4713-11-25 00:00:00+00 BC",
                            LocalDate.of(-4712, 11, 25).toEpochDay() * DAY));
            return type.equals("date")
                    ? with(
                            odd,
                            Sample.none("5874897-12-31"),
                            Sample.none("294277-01-01"),
                            Sample.at(
                                    "294246-12-31",
                                    LocalDate.of(294_246, 12, 31).toEpochDay() * DAY))
                    : odd;
        }
    }

    /** {@code iso} in all its forms. */
    record IsoTexts() implements TimeSamples {
        @Override
        public List<Sample> at(long micros, Random random) {
            int minutes = random.nextInt(-15 * 60, 15 * 60);
            long local = micros + minutes * 60 * MICROS;
            if (!isOfFourDigits(micros) || !isOfFourDigits(local)) {
                return List.of();
            }
            String sign = minutes < 0 ? "-" : "+";
            String colon = random.nextBoolean() ? ":" : "";
            String offset = "%s%02d%s%02d".formatted(sign, Math.abs(minutes) / 60, colon, Math.abs(minutes) % 60);
            String t = random.nextBoolean() ? "T" : " ";
            long second = Math.floorDiv(micros, MICROS) * MICROS;
            long minute = Math.floorDiv(micros, 60 * MICROS) * 60 * MICROS;
            return List.of(
                    Sample.at(format("uuuu-MM-dd", micros), Math.floorDiv(micros, DAY) * DAY),
                    Sample.at(format("uuuu-MM-dd", micros) + t + format("HH:mm", micros), minute),
                    Sample.at(format("uuuu-MM-dd", micros) + t + format("HH:mm:ss", micros) + "Z", second),
                    Sample.at(format("uuuu-MM-dd", micros) + t + format("HH:mm:ss.SSSSSS", micros) + "99", micros),
                    Sample.at(
                            " " + format("uuuu-MM-dd", local) + t + format("HH:mm:ss.SSSSSS", local) + offset + "\r\n",
                            micros));
        }

        @Override
        public List<Sample> odd() {
            return none(
                    "",
                    "2023-02-29",
                    "2024-02-30",
                    "2024-13-01",
                    "2024-01-01T24:00",
                    "2024-01-01T24:61",
                    "0000-01-01",
                    "0044-03-15 BC",
                    "infinity",
                    "now",
                    "NULL",
                    "2024-01-01T00:00:60",
                    "2024-1-1",
                    "Z",
                    "１",
                    "\uD83D\uDE00",
                    "2024-01-01T00:00:00+99",
                    "2024-01-01 trailing",
                    "2024-01-01".repeat(5_000));
        }
    }

    /**
     * Texts of a pattern.
     *
     * @param java the same pattern in Java's notation
     * @param unit the precision that it leaves out, in microseconds
     */
    record Texts(String pattern, String java, long unit) implements TimeSamples {
        @Override
        public List<Sample> at(long micros, Random random) {
            if (!isOfFourDigits(micros)) {
                return List.of();
            }
            String text = format(java, micros);
            return List.of(Sample.at(
                    random.nextBoolean() ? text : "  " + text.toUpperCase(Locale.ROOT) + " ",
                    Math.floorDiv(micros, unit) * unit));
        }

        @Override
        public List<Sample> odd() {
            return none(
                    "",
                    "02/30/2024",
                    "20240230",
                    "30.02.2024 00:00:00.000000",
                    "31-Feb-2024 12:00 AM",
                    "13/13/2024",
                    "1/1/2024 x",
                    "00000101",
                    "infinity",
                    "31-Apr-2024 12:00 AM",
                    "01-Jan-2024 13:00 AM",
                    "2023366",
                    "0000001");
        }
    }

    /** Numbers since 1970. */
    record Numbers(String type, long perSecond) implements TimeSamples {
        @Override
        public List<Sample> at(long micros, Random random) {
            long unit = MICROS / perSecond;
            long whole = Math.floorDiv(micros, unit);
            switch (type) {
                case "numeric":
                    BigDecimal exact = BigDecimal.valueOf(micros).divide(BigDecimal.valueOf(unit));
                    return List.of(
                            Sample.at(exact.toPlainString(), micros),
                            Sample.at(exact.add(new BigDecimal("0.0000000009")).toPlainString(), micros));
                case "float8":
                    return List.of(ofDouble((double) micros / unit));
                case "float4":
                    return List.of(ofDouble((float) ((double) micros / unit)));
                default:
                    long largest = type.equals("int2")
                            ? Short.MAX_VALUE
                            : type.equals("int4") ? Integer.MAX_VALUE : Long.MAX_VALUE;
                    return Math.abs(whole) > largest
                            ? List.of()
                            : List.of(Sample.at(String.valueOf(whole), whole * unit));
            }
        }

        private Sample ofDouble(double number) {
            double perDay = 86_400.0 * perSecond;
            double days = Math.floor(number / perDay);
            double micros = Math.floor((number - days * perDay) * (MICROS / perSecond));
            return Sample.at(new BigDecimal(number).toPlainString(), (long) days * DAY + (long) micros);
        }

        @Override
        public List<Sample> odd() {
            long lastDay = LocalDate.of(294_276, 12, 31).toEpochDay();
            long firstDay = LocalDate.of(-4713, 11, 24).toEpochDay();
            return switch (type) {
                case "int2", "int4" -> none();
                case "int8" ->
                    with(
                            none(
                                    "9223372036854775807",
                                    "-9223372036854775808",
                                    String.valueOf((lastDay + 1) * 86_400 * perSecond)),
                            late(lastDay * 86_400 * perSecond + "", lastDay, 0),
                            Sample.at(String.valueOf(firstDay * 86_400 * perSecond), firstDay * DAY));
                case "numeric" ->
                    with(
                            none(
                                    "NaN",
                                    "Infinity",
                                    "-Infinity",
                                    "1e400",
                                    "-1e400",
                                    firstDay * 86_400 * perSecond - 1 + ".0"),
                            late((lastDay + 1) * 86_400 * perSecond - 1 + ".9999999999999", lastDay, DAY - 1));
                default ->
                    type.equals("float4")
                            ? none("NaN", "Infinity", "-Infinity", "3e38", "-3e38")
                            : none("NaN", "Infinity", "-Infinity", "1e300", "-1e300");
            };
        }
    }

    /** A time whose microseconds since 1970 a long cannot hold. */
    private static Sample late(String text, long day, long micros) {
        BigInteger time =
                BigInteger.valueOf(day).multiply(BigInteger.valueOf(DAY)).add(BigInteger.valueOf(micros));
        return new Sample(text, time.toString(), null);
    }

    /** UUIDs of version 7, or ULIDs as {@code uuid}. */
    record Uuids(boolean onlyVersion7) implements TimeSamples {
        @Override
        public List<Sample> at(long micros, Random random) {
            long millis = Math.floorDiv(micros, 1000);
            if (millis < 0 || millis >= 1L << 48) {
                return List.of();
            }
            long lower = random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL;
            UUID version7 = new UUID(millis << 16 | 0x7000 | random.nextInt(1 << 12), lower | Long.MIN_VALUE);
            UUID version4 = new UUID(millis << 16 | 0x4000 | random.nextInt(1 << 12), lower | Long.MIN_VALUE);
            UUID otherVariant = new UUID(millis << 16 | 0x7000, lower);
            String time = String.valueOf(millis * 1000);
            return List.of(
                    Sample.at(version7.toString(), millis * 1000),
                    new Sample(version4.toString().toUpperCase(Locale.ROOT), onlyVersion7 ? null : time, millis * 1000),
                    new Sample(otherVariant.toString(), onlyVersion7 ? null : time, millis * 1000));
        }

        @Override
        public List<Sample> odd() {
            String zero = "00000000-0000-0000-0000-000000000000";
            return with(none(), new Sample(zero, onlyVersion7 ? null : "0", 0L));
        }
    }

    /** ULIDs in their canonical form. */
    record Ulids() implements TimeSamples {
        @Override
        public List<Sample> at(long micros, Random random) {
            long millis = Math.floorDiv(micros, 1000);
            return millis < 0 || millis >= 1L << 48
                    ? List.of()
                    : List.of(
                            Sample.at(ulid(millis, BigInteger.ZERO), millis * 1000),
                            Sample.at(
                                    ulid(millis, BigInteger.ONE.shiftLeft(80).subtract(BigInteger.ONE)), millis * 1000),
                            Sample.at(ulid(millis, new BigInteger(80, random)), millis * 1000));
        }

        /** Uses Java's base 32, whose digits are 0-9 and a-v. */
        private static String ulid(long millis, BigInteger rest) {
            String digits = BigInteger.valueOf(millis).shiftLeft(80).or(rest).toString(32);
            StringBuilder ulid = new StringBuilder("0".repeat(26 - digits.length()));
            digits.chars().forEach(c -> ulid.append("0123456789ABCDEFGHJKMNPQRSTVWXYZ".charAt(Character.digit(c, 32))));
            return ulid.toString();
        }

        @Override
        public List<Sample> odd() {
            return none("", "zzz", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "81H00000000000000000000000", "\uD83D\uDE00");
        }
    }

    /** Snowflake ids since {@code epoch}, in milliseconds. */
    record Snowflakes(long epoch, boolean wide) implements TimeSamples {
        @Override
        public List<Sample> at(long micros, Random random) {
            long millis = Math.floorDiv(micros, 1000) - epoch;
            long rest = random.nextInt(1 << 22);
            return millis < 0 || millis >= 1L << 41
                    ? List.of()
                    : List.of(
                            Sample.at(String.valueOf(millis << 22), (millis + epoch) * 1000),
                            Sample.at(String.valueOf(millis << 22 | rest), (millis + epoch) * 1000),
                            Sample.at(String.valueOf(millis << 22 | 0x3FFFFF), (millis + epoch) * 1000));
        }

        @Override
        public List<Sample> odd() {
            List<Sample> odd = with(none("-1", "-9223372036854775808"), Sample.at("0", epoch * 1000));
            return wide
                    ? with(
                            odd,
                            Sample.none("NaN"),
                            Sample.none("Infinity"),
                            Sample.none("-Infinity"),
                            Sample.none("9223372036854775808"),
                            Sample.none("1e400"))
                    : with(odd, Sample.at("9223372036854775807", (epoch + (1L << 41) - 1) * 1000));
        }
    }
}
