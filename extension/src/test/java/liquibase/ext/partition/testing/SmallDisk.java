package liquibase.ext.partition.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A disk that is soon full: a file system of its own, in memory, on which a server of this machine can have a
 * tablespace. The kernel refuses what does not fit, as on a real one.
 *
 * <p>Needs Linux, and root or a {@code sudo} that asks for no password. Without them the test that needs it fails,
 * because it has nothing else to show; {@code -DexcludedGroups=smallDisk} leaves these tests out.
 */
public final class SmallDisk implements AutoCloseable {
    /** The JUnit tag of the tests that need one. */
    public static final String TAG = "smallDisk";

    private static final long LONGEST_COMMAND_SECONDS = 30;

    private final Path mountPoint;
    private final Path tablespace;
    private final Path filler;

    /** For a run that is stopped before its end. */
    private final Thread unmounting = new Thread(this::unmount);

    private SmallDisk(Path mountPoint) {
        this.mountPoint = mountPoint;
        this.tablespace = mountPoint.resolve("tablespace");
        this.filler = mountPoint.resolve("filler");
    }

    /** Mounts a disk; the caller closes it, once no server uses it. */
    public static SmallDisk ofMegabytes(int megabytes) {
        try {
            SmallDisk disk = new SmallDisk(Files.createTempDirectory("small-disk"));
            asRoot("mount", "-t", "tmpfs", "-o", "size=%dm,mode=1777".formatted(megabytes), "tmpfs", disk.path());
            Runtime.getRuntime().addShutdownHook(disk.unmounting);
            Files.createDirectory(disk.tablespace);
            return disk;
        } catch (IOException e) {
            throw new UncheckedIOException("No small disk: " + e.getMessage(), e);
        }
    }

    private String path() {
        return mountPoint.toString();
    }

    /**
     * An empty directory on it, for {@code CREATE TABLESPACE … LOCATION}. It belongs to the user of this JVM, which
     * also runs an embedded server; {@link #giveTo} is for others.
     */
    public String location() {
        return tablespace.toString();
    }

    /** Gives the directory to the user that runs the server. */
    public SmallDisk giveTo(String user) {
        asRoot("chown", user, location());
        return this;
    }

    /** Takes the remaining room. */
    public void fill() {
        try (FileChannel file = FileChannel.open(
                filler, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            ByteBuffer zeros = ByteBuffer.allocate(4096);
            while (true) {
                file.write(zeros.clear());
            }
        } catch (IOException e) {
            // The disk is full, or there was another reason.
            if (mountPoint.toFile().getUsableSpace() > 0) {
                throw new UncheckedIOException("%s cannot be filled: %s".formatted(mountPoint, e.getMessage()), e);
            }
        }
    }

    /** Releases the room that {@link #fill} has taken. */
    public void free() {
        try {
            Files.deleteIfExists(filler);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes it larger, as an operator would. */
    public void grow(int megabytes) {
        asRoot("mount", "-o", "remount,size=%dm".formatted(megabytes), path());
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(unmounting);
        unmount();
    }

    private void unmount() {
        asRoot("umount", "--lazy", path());
        try {
            Files.delete(mountPoint);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void asRoot(String... command) {
        List<String> words = new ArrayList<>();
        if (!"root".equals(System.getProperty("user.name"))) {
            words.addAll(List.of("sudo", "-n"));
        }
        words.addAll(Arrays.asList(command));
        try {
            Process process =
                    new ProcessBuilder(words).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(LONGEST_COMMAND_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw needed(words, said, null);
            }
        } catch (IOException e) {
            throw needed(words, e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static AssertionError needed(List<String> command, String said, Exception cause) {
        return new AssertionError(
                "A test with a full disk needs Linux, and root or a sudo without a password; `%s` said: %s. To leave these tests out say -DexcludedGroups=%s."
                        .formatted(String.join(" ", command), said.strip(), TAG),
                cause);
    }
}
