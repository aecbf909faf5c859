package liquibase.ext.partition.engine.sql;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * {@code COPY} through the connection, by the driver's own {@code CopyManager}: rows pass as they come, and none is
 * kept in memory. A pool in this JVM wraps the driver's connections, and the driver's classes need not be visible from
 * here, so that they are found by the connection.
 */
record RowStream(Object copyManager) {
    static RowStream of(Connection connection) throws SQLException {
        try {
            ClassLoader loader = connection.getClass().getClassLoader();
            Class<?> driver = Class.forName(
                    "org.postgresql.PGConnection", false, loader == null ? RowStream.class.getClassLoader() : loader);
            Object ofDriver = connection.isWrapperFor(driver) ? connection.unwrap(driver) : connection;
            return new RowStream(driver.getMethod("getCopyAPI").invoke(ofDriver));
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            throw new SQLException("The connection is none of PostgreSQL's own driver, which COPY needs: " + e, e);
        }
    }

    /**
     * Runs {@code COPY … TO STDOUT}, and gives the number of rows. If {@code out} fails, the rest of the rows is read
     * and thrown away: the driver would cancel the statement, and then take the server's answer for that of the next
     * one, so that the session could not even roll back.
     */
    long out(String copy, OutputStream out) throws SQLException, IOException {
        UntilFailure rows = new UntilFailure(out);
        long count = call("copyOut", OutputStream.class, copy, rows);
        if (rows.failure != null) {
            throw rows.failure;
        }
        return count;
    }

    private static final class UntilFailure extends OutputStream {
        private final OutputStream out;
        private IOException failure;

        private UntilFailure(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            if (failure == null) {
                try {
                    out.write(bytes, offset, length);
                } catch (IOException e) {
                    failure = e;
                }
            }
        }
    }

    /**
     * Runs {@code COPY … FROM STDIN}, and gives the number of rows. If {@code in} fails, the statement is cancelled.
     */
    long in(String copy, InputStream in) throws SQLException, IOException {
        return call("copyIn", InputStream.class, copy, in);
    }

    private long call(String method, Class<?> type, String copy, Object stream) throws SQLException, IOException {
        try {
            return (long)
                    copyManager.getClass().getMethod(method, String.class, type).invoke(copyManager, copy, stream);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof SQLException sql) {
                throw sql;
            }
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            if (e.getCause() instanceof RuntimeException other) {
                throw other;
            }
            throw new SQLException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new SQLException("PostgreSQL's driver has no %s as we know it.".formatted(method), e);
        }
    }
}
