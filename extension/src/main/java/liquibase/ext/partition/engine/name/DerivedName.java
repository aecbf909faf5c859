package liquibase.ext.partition.engine.name;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * Names that we make from a user's name and a suffix. The same input always gives the same name, so that a step that
 * runs again, or a rollback, finds what an earlier run made.
 */
public final class DerivedName {
    private static final int HASH_LENGTH = 8;

    private DerivedName() {}

    /**
     * {@code base} followed by {@code suffix}. If the result is longer than {@value Identifier#MAX_BYTES} bytes, the
     * base is cut at the boundary of a character and a hash of the whole base goes in between, so that two long names
     * that begin alike stay distinct.
     */
    public static Identifier of(String base, String suffix) {
        if (Identifier.byteLength(base + suffix) <= Identifier.MAX_BYTES) {
            return new Identifier(base + suffix);
        }
        int room = Identifier.MAX_BYTES - Identifier.byteLength(suffix) - HASH_LENGTH - 1;
        StringBuilder cut = new StringBuilder();
        for (int codePoint : base.codePoints().toArray()) {
            String next = Character.toString(codePoint);
            if (Identifier.byteLength(cut + next) > room) {
                break;
            }
            cut.append(next);
        }
        return new Identifier(cut + "_" + hash(base) + suffix);
    }

    /** As {@link #of(String, String)}. */
    public static Identifier of(Identifier base, String suffix) {
        return of(base.name(), suffix);
    }

    private static String hash(String text) {
        CRC32 crc = new CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "%08x".formatted(crc.getValue());
    }
}
