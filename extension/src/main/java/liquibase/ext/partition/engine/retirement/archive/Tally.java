package liquibase.ext.partition.engine.retirement.archive;

import java.math.BigInteger;

/**
 * What rows come to, in whatever order they are read: their number, and the sum of the SHA-256 of each, modulo 2^256.
 * Two sets of rows that have the same tally are the same: a row that is missing, changed or there twice changes the
 * sum.
 *
 * @param checksum 64 hexadecimal digits
 */
public record Tally(long rows, String checksum) {
    private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(256);

    static final Tally NOTHING = new Tally(0, hex(BigInteger.ZERO));

    static Tally of(long rows, BigInteger sum) {
        return new Tally(rows, hex(sum.mod(MODULUS)));
    }

    Tally plus(Tally other) {
        return of(rows + other.rows, new BigInteger(checksum, 16).add(new BigInteger(other.checksum, 16)));
    }

    private static String hex(BigInteger sum) {
        String digits = sum.toString(16);
        return "0".repeat(64 - digits.length()) + digits;
    }
}
