package liquibase.ext.partition.engine.retirement;

import java.nio.file.Path;

/** Where the rows of a partition go that is archived. */
public sealed interface ArchivePlace {
    /**
     * Files below a directory of the machine on which this runs.
     *
     * @param directory an absolute path
     */
    record Files(Path directory) implements ArchivePlace {}
}
