package liquibase.ext.partition.engine.retirement.archive;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Tallies CSV while it is read. */
final class TalliedInput extends FilterInputStream {
    private final CsvTally tally;

    TalliedInput(InputStream in, CsvTally tally) {
        super(in);
        this.tally = tally;
    }

    @Override
    public int read() throws IOException {
        int b = super.read();
        if (b >= 0) {
            tally.write(b);
        }
        return b;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int count = super.read(bytes, offset, length);
        if (count > 0) {
            tally.write(bytes, offset, count);
        }
        return count;
    }
}
