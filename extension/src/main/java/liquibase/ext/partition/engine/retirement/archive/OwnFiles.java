package liquibase.ext.partition.engine.retirement.archive;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;

/**
 * Files and directories that are the user's alone, from the moment at which they are made, where the file system knows
 * rights as POSIX has them.
 */
final class OwnFiles {
    /** The words by which a file system says that it has no fsync for directories; Java has no code for them. */
    private static final Set<String> NOT_SUPPORTED =
            Set.of("Invalid argument", "Bad file descriptor", "Operation not supported", "Function not implemented");

    private static final Set<PosixFilePermission> OF_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private OwnFiles() {}

    /**
     * Requires that nobody but the user that runs this can have put anything into a directory.
     *
     * @throws PartitionException if somebody else can
     */
    static void requireOwn(Path path) throws IOException {
        if (!isPosix(path)) {
            return;
        }
        UserPrincipal owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
        UserPrincipal user = user(path.toAbsolutePath().getParent());
        Set<PosixFilePermission> rights = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
        String why;
        if (!owner.equals(user)) {
            why = "belongs to %s, and this runs as %s".formatted(owner.getName(), user.getName());
        } else if (rights.stream().anyMatch(OF_OTHERS::contains)) {
            why = "can be written to by others than its owner (%s)".formatted(PosixFilePermissions.toString(rights));
        } else {
            return;
        }
        throw new PartitionException(
                "%s %s, so that rows are not archived there. Nothing was written to it, and nothing was dropped. Move it away, or look at what it has and make it the own directory of the user that runs this (chown, chmod 700); then run update again."
                        .formatted(path, why));
    }

    /** The user as whom this runs, in the words of that file system. */
    private static UserPrincipal user(Path root) throws IOException {
        Path probe = Files.createTempFile(root, "liquibase-partition", ".part");
        try {
            return Files.getOwner(probe, LinkOption.NOFOLLOW_LINKS);
        } finally {
            Files.delete(probe);
        }
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static FileAttribute<?>[] ownerOnly(Path path, String rights) {
        return isPosix(path)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(rights))}
                : new FileAttribute<?>[0];
    }

    /** Makes a directory that the user alone can look into. */
    static void createDirectory(Path path) throws IOException {
        Files.createDirectory(path, ownerOnly(path, "rwx------"));
    }

    /** A file that was not there, which the user alone can read, whatever the umask is. */
    static FileChannel create(Path file) throws IOException {
        return FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                ownerOnly(file, "rw-------"));
    }

    /**
     * Makes names outlive a power cut. There is nothing to do where a directory cannot be opened, as on Windows, or
     * where the file system does not know it.
     */
    static void sync(Path directory) throws IOException {
        if (!isPosix(directory)) {
            return;
        }
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        } catch (IOException e) {
            if (e instanceof FileSystemException || !NOT_SUPPORTED.contains(String.valueOf(e.getMessage()))) {
                throw e;
            }
        }
    }
}
