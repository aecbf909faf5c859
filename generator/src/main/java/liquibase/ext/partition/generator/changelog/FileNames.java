package liquibase.ext.partition.generator.changelog;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Names of files for tables of any name. A name of lower-case letters, digits and underscores is kept; whatever could not be
 * a file's name, or the same name as another's on a file system that ignores case, gets a hash of the table's name, so that
 * it does not depend on the order of the config.
 */
final class FileNames {
    private static final Pattern SAFE = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]*");

    /** The root changelog, and the names of devices, which Windows refuses whatever their ending. */
    private static final Pattern TAKEN = Pattern.compile("(?i)changelog|con|prn|aux|nul|(com|lpt)[0-9]");

    private static final int HASH_BYTES = 4;

    private FileNames() {}

    /**
     * The file's name without its ending.
     *
     * @param prefix the table's changeset prefix
     * @param prefixes those of all tables of the config, this one's included
     */
    static String of(String prefix, Collection<String> prefixes) {
        boolean lowerCase = prefix.equals(prefix.toLowerCase(Locale.ROOT));
        boolean sharedButForCase =
                prefixes.stream().filter(prefix::equalsIgnoreCase).count() > 1;
        if (SAFE.matcher(prefix).matches() && !TAKEN.matcher(prefix).matches() && (lowerCase || !sharedButForCase)) {
            return prefix;
        }
        return prefix.replaceAll("[^A-Za-z0-9_-]", "_").replaceFirst("^-", "_") + "-" + hash(prefix);
    }

    private static String hash(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java runtime has SHA-256.", e);
        }
    }
}
