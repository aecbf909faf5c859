package liquibase.ext.partition.engine.retirement.archive;

import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Tallies the rows of CSV that passes through, as {@code COPY} writes it with a header: a line feed ends a row unless
 * it is between quotes, and a quote within a value is written twice, so that it changes nothing to look at each quote
 * alone.
 */
final class CsvTally extends OutputStream {
    private final OutputStream out;
    private final MessageDigest row = sha256();
    private boolean quoted;
    private boolean begun;
    private boolean headerEnded;
    private long rows;
    private BigInteger sum = BigInteger.ZERO;

    /** @param out where the bytes go on to */
    CsvTally(OutputStream out) {
        this.out = out;
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java runtime has SHA-256.", e);
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int start = offset;
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] == '"') {
                quoted = !quoted;
            } else if (bytes[i] == '\n' && !quoted) {
                add(bytes, start, i + 1 - start);
                end();
                start = i + 1;
            }
        }
        if (start < offset + length) {
            add(bytes, start, offset + length - start);
        }
        out.write(bytes, offset, length);
    }

    private void add(byte[] bytes, int start, int length) {
        begun = true;
        if (headerEnded) {
            row.update(bytes, start, length);
        }
    }

    private void end() {
        if (headerEnded) {
            sum = sum.add(new BigInteger(1, row.digest()));
            rows++;
        }
        headerEnded = true;
        begun = false;
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    /** @throws IOException if it ends within a row */
    Tally tally() throws IOException {
        if (begun || quoted) {
            throw new IOException("it ends within a row");
        }
        return Tally.of(rows, sum);
    }
}
