package liquibase.ext.partition.engine.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** COPY through the connection. */
@ExtendWith(FreshDatabase.class)
class RowStreamTest {
    private static final Sql OUT = Sql.of("COPY (SELECT * FROM public.numbers ORDER BY n) TO STDOUT");
    private static final Sql IN = Sql.of("COPY public.numbers FROM STDIN");
    private static final Sql COUNT = Sql.of("SELECT pg_catalog.count(*) FROM public.numbers");

    private TestDatabase database;

    @Test
    void rowsGoOutAndIn() throws Exception {
        database.execute("CREATE TABLE numbers (n int)", "INSERT INTO numbers VALUES (1), (2)");
        try (Connection connection = database.connect()) {
            Session session = Session.pinned(connection);
            ByteArrayOutputStream out = new ByteArrayOutputStream();

            assertThat(session.copyOut(OUT, out)).isEqualTo(2);
            assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("1\n2\n");
            assertThat(session.copyIn(IN, new ByteArrayInputStream(out.toByteArray())))
                    .isEqualTo(2);
            assertThat(session.queryLong(COUNT)).isEqualTo(4);
        }
    }

    @Test
    void theSessionGoesOnWhenTheOtherSideOfTheStreamFails() throws Exception {
        database.execute("CREATE TABLE numbers (n int)", "INSERT INTO numbers SELECT generate_series(1, 100000)");
        try (Connection connection = database.connect()) {
            Session session = Session.pinned(connection);
            OutputStream full = new OutputStream() {
                private int written;

                @Override
                public void write(int b) throws IOException {
                    if (++written > 1000) {
                        throw new IOException("full");
                    }
                }
            };
            assertThatThrownBy(() -> session.inTransaction(() -> session.copyOut(OUT, full)))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("full");
            InputStream damaged = new InputStream() {
                @Override
                public int read() throws IOException {
                    throw new IOException("damaged");
                }
            };
            InputStream rows = new SequenceInputStream(
                    new ByteArrayInputStream("1\n2\n".repeat(100_000).getBytes()), damaged);
            assertThatThrownBy(() -> session.inTransaction(() -> session.copyIn(IN, rows)))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("damaged");
            assertThat(session.queryLong(COUNT)).isEqualTo(100_000);
        }
    }
}
