package liquibase.ext.partition.engine.retirement;

import java.nio.file.Path;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/** Where the rows of a partition go that is archived. */
public sealed interface ArchivePlace {
    /** The only form in which files are written: CSV as PostgreSQL has it, compressed by gzip. */
    String CSV_GZ = "csv.gz";

    /**
     * Files below a directory of the machine on which this runs.
     *
     * @param directory an absolute path
     */
    record Files(Path directory) implements ArchivePlace {}

    /** Another tablespace, in which it stays a partition. */
    record Tablespace(Identifier name) implements ArchivePlace {}

    /**
     * Reads a place as people write it.
     *
     * @param way what becomes of a partition
     * @param files null where the place is another
     * @param format null for {@link #CSV_GZ}
     * @param tablespace null where the place is another
     * @return empty if nothing is archived
     * @throws IllegalArgumentException with a message for people
     */
    static Optional<ArchivePlace> parse(RetirementWay way, String files, String format, String tablespace) {
        if (way != RetirementWay.ARCHIVE) {
            if (files != null || format != null || tablespace != null) {
                throw new IllegalArgumentException(
                        "retire is %s, by which nothing is archived. Write retire=\"archive\", or leave out what says where to."
                                .formatted(way.word()));
            }
            return Optional.empty();
        }
        if (files == null && tablespace == null) {
            throw new IllegalArgumentException(
                    "retire is archive, and nothing says where to. Write archiveFiles, the directory for the files, or archiveTablespace.");
        }
        if (tablespace != null) {
            if (files != null || format != null) {
                throw new IllegalArgumentException(
                        "archiveTablespace and archiveFiles are both given. Leave one of them out: a partition is archived to one place.");
            }
            return Optional.of(new Tablespace(new Identifier(tablespace)));
        }
        if (format != null && !format.equals(CSV_GZ)) {
            throw new IllegalArgumentException("archiveFormat is <%s>; it can be %s.".formatted(format, CSV_GZ));
        }
        Path directory = Path.of(files);
        if (!directory.isAbsolute()) {
            throw new IllegalArgumentException(
                    "archiveFiles is <%s>, which would be another directory wherever it is run; it must be an absolute path."
                            .formatted(files));
        }
        return Optional.of(new Files(directory));
    }
}
