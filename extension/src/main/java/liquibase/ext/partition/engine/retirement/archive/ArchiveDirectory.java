package liquibase.ext.partition.engine.retirement.archive;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.run.ThisHost;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The directory of one archive, on the machine on which this runs. A file gets its name only once all of it is on the
 * disk ({@code fsync}, then a rename, then {@code fsync} of the directory), so that a file that has its name is whole
 * whenever a run was killed.
 *
 * <p><b>A finished archive never changes.</b> Once the manifest is there, nothing is written, renamed or removed in the
 * directory. What is archived anew gets a directory of its own.
 *
 * <p>Directory and files are the user's alone, from the moment at which they are made, where the file system knows such
 * rights. A directory that somebody else could have prepared is refused.
 */
public record ArchiveDirectory(Path path) {
    static final String MANIFEST = "manifest.json";

    /** Says of which retirement the files are, from before the first one on. */
    private static final String OWNER = "archive-of";

    private static final String UNFINISHED = ".part";

    /** Ends the name of a file that was in the way. */
    private static final String ASIDE = ".aside";

    private static final Pattern CHUNK = Pattern.compile("rows-(\\d{10})-(\\d{10})\\.csv\\.gz");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_.-]");
    private static final int LONGEST_NAME = 180;
    private static final int BUFFER = 1 << 16;

    /** A file of rows, by the blocks of the table whose rows it has. */
    record Chunk(long from, long to) {
        String fileName() {
            return String.format(Locale.ROOT, "rows-%010d-%010d.csv.gz", from, to);
        }
    }

    /** What a file of rows holds. */
    record Content(long bytes, String sha256, Tally tally) {}

    /** Writes what a file is to hold. */
    @FunctionalInterface
    interface Writer {
        void write(OutputStream out) throws SQLException;
    }

    /**
     * Requires that a directory for archives is there, and that files can be made in it.
     *
     * @throws PartitionException saying which is not so, before anything is done
     */
    public static void require(Path root) {
        String why;
        if (!root.isAbsolute()) {
            why = "is no absolute path, and so would be another directory wherever it is run";
        } else if (!Files.isDirectory(root)) {
            why = "is no directory on %s, where this runs".formatted(ThisHost.name());
        } else {
            try {
                Files.delete(Files.createTempFile(root, "liquibase-partition", UNFINISHED));
                return;
            } catch (IOException e) {
                why = "cannot be written to on %s: %s".formatted(ThisHost.name(), reason(e));
            }
        }
        throw new PartitionException(
                "%s, into which partitions are to be archived, %s. Nothing was retired or dropped by it. Make it, or mount it, with the right to write to it for the user that runs this, or correct the directory of the archive; then run update again."
                        .formatted(root, why));
    }

    /**
     * The directory for a partition below that one.
     *
     * @param number tells it from others of the same partition
     */
    public static ArchiveDirectory of(Path root, QualifiedName partition, long number) {
        return of(root, partition, number, 1);
    }

    /**
     * The directory for the first, second or later archive of a partition below that one.
     *
     * @param number tells it from others of the same partition
     * @param attempt from 1 on
     */
    public static ArchiveDirectory of(Path root, QualifiedName partition, long number, int attempt) {
        StringBuilder name = new StringBuilder();
        for (byte b : (partition.schema().name() + "." + partition.name().name()).getBytes(StandardCharsets.UTF_8)) {
            String c = String.valueOf((char) b);
            name.append(PLAIN.matcher(c).matches() ? c : String.format(Locale.ROOT, "%%%02X", b));
        }
        name.setLength(Math.min(name.length(), LONGEST_NAME));
        return new ArchiveDirectory(root.resolve(name + "-" + number + (attempt == 1 ? "" : "." + attempt)));
    }

    /**
     * Makes it, or finds what an earlier run has made. A finished archive is left as it is.
     *
     * @param owner the retirement that the files are of
     * @throws PartitionException if somebody else's files are there, or somebody else can write there
     */
    void claim(String owner) throws IOException {
        Path file = path.resolve(OWNER);
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            OwnFiles.requireOwn(path);
            boolean isOurs = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    ? Files.readString(file).strip().equals(owner)
                    : isEmptyButFor(OWNER + UNFINISHED);
            if (!isOurs) {
                throw new PartitionException(
                        "%s is there already, with other content than the partition that is to be archived there. Nothing was written to it, and nothing was dropped. Move it away, or name another directory for the archive; then run update again."
                                .formatted(path));
            }
        } else if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new PartitionException(
                    "%s is there already, and is no directory, or a symbolic link. Nothing was written, and nothing was dropped. Move it away, then run update again."
                            .formatted(path));
        } else {
            OwnFiles.createDirectory(path);
            OwnFiles.requireOwn(path);
            OwnFiles.sync(path.toAbsolutePath().getParent());
        }
        if (isFinished()) {
            return;
        }
        if (!Files.exists(file)) {
            write(OWNER, (owner + "\n").getBytes(StandardCharsets.UTF_8));
        }
        for (String unfinished : names(name -> name.endsWith(UNFINISHED))) {
            Files.delete(path.resolve(unfinished));
        }
    }

    /** Whether it has a manifest, so that nothing of it changes any more. */
    boolean isFinished() {
        return Files.exists(path.resolve(MANIFEST), LinkOption.NOFOLLOW_LINKS);
    }

    private boolean isEmptyButFor(String name) throws IOException {
        return names(it -> !it.equals(name)).isEmpty();
    }

    private List<String> names(Predicate<String> wanted) throws IOException {
        try (Stream<Path> all = Files.list(path)) {
            return all.map(it -> it.getFileName().toString())
                    .filter(wanted)
                    .sorted()
                    .toList();
        }
    }

    /**
     * The chunks that are there, one following the other from block 0 on. Others are set aside, and reported: those
     * behind a file that somebody has removed.
     */
    List<Chunk> chunks(Report report) throws IOException {
        List<Chunk> chunks = new ArrayList<>();
        long next = 0;
        for (String name : names(it -> CHUNK.matcher(it).matches())) {
            Matcher match = CHUNK.matcher(name);
            match.matches();
            Chunk chunk = new Chunk(Long.parseLong(match.group(1)), Long.parseLong(match.group(2)));
            if (chunk.from() == next && chunk.to() > next) {
                chunks.add(chunk);
                next = chunk.to();
            } else {
                report.line(
                        "archive: WARNING: %s in %s does not follow the file before it, one of which is gone. It is set aside, as %s, and its rows are written anew."
                                .formatted(name, path, setAside(name)));
            }
        }
        return chunks;
    }

    private String setAside(String name) throws IOException {
        requireUnfinished();
        String aside = name + ASIDE;
        for (int i = 2; Files.exists(path.resolve(aside), LinkOption.NOFOLLOW_LINKS); i++) {
            aside = name + ASIDE + i;
        }
        Files.move(path.resolve(name), path.resolve(aside));
        OwnFiles.sync(path);
        return aside;
    }

    private void requireUnfinished() throws IOException {
        if (isFinished()) {
            throw new FileAlreadyExistsException(
                    path.resolve(MANIFEST).toString(),
                    null,
                    "somebody else has just finished this archive, and nothing of it is changed");
        }
    }

    /** Writes a file of rows, and gives what they come to. */
    Tally write(Chunk chunk, Writer rows) throws IOException, SQLException {
        Path unfinished = path.resolve(chunk.fileName() + UNFINISHED);
        Tally tally;
        try {
            try (OutputStream file = Channels.newOutputStream(OwnFiles.create(unfinished));
                    CsvTally csv = new CsvTally(new BufferedOutputStream(new GZIPOutputStream(file, BUFFER), BUFFER))) {
                rows.write(csv);
                tally = csv.tally();
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            try (FileChannel written = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            rename(unfinished, chunk.fileName());
        } catch (IOException | SQLException | RuntimeException e) {
            removeAfter(e, unfinished);
            throw e;
        }
        return tally;
    }

    /** A disk that is full has more need of the room. */
    private static void removeAfter(Exception failure, Path unfinished) {
        try {
            Files.deleteIfExists(unfinished);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Writes the manifest, after which the archive is one. Gives the manifest's SHA-256. */
    String write(Manifest manifest) throws IOException {
        byte[] json = manifest.json().getBytes(StandardCharsets.UTF_8);
        write(MANIFEST, json);
        return hex(CsvTally.sha256().digest(json));
    }

    private void write(String name, byte[] content) throws IOException {
        Path unfinished = path.resolve(name + UNFINISHED);
        try {
            try (FileChannel file = OwnFiles.create(unfinished);
                    OutputStream out = Channels.newOutputStream(file)) {
                out.write(content);
                file.force(true);
            }
            rename(unfinished, name);
        } catch (IOException | RuntimeException e) {
            removeAfter(e, unfinished);
            throw e;
        }
    }

    private void rename(Path unfinished, String name) throws IOException {
        requireUnfinished();
        Files.move(unfinished, path.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        OwnFiles.sync(path);
    }

    /** The manifest as it is; empty if there is none, so that the archive is not complete. */
    Optional<String> manifest() throws IOException {
        try {
            return Optional.of(Files.readString(path.resolve(MANIFEST)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Reads a file of rows through. @throws IOException also if it is damaged */
    Content read(String name) throws IOException {
        CsvTally csv = new CsvTally(OutputStream.nullOutputStream());
        MessageDigest digest = CsvTally.sha256();
        try (InputStream file = Files.newInputStream(path.resolve(name));
                DigestInputStream digested = new DigestInputStream(new BufferedInputStream(file, BUFFER), digest)) {
            new GZIPInputStream(digested, BUFFER).transferTo(csv);
            // What follows the compressed rows belongs to the file, too.
            digested.transferTo(OutputStream.nullOutputStream());
        }
        return new Content(Files.size(path.resolve(name)), hex(digest.digest()), csv.tally());
    }

    /** The SHA-256 of a file, without looking into it. */
    String sha256(String name) throws IOException {
        MessageDigest digest = CsvTally.sha256();
        try (InputStream file = new DigestInputStream(Files.newInputStream(path.resolve(name)), digest)) {
            file.transferTo(OutputStream.nullOutputStream());
        }
        return hex(digest.digest());
    }

    /** The rows of a file as CSV; the caller closes it. */
    InputStream open(String name) throws IOException {
        return new GZIPInputStream(new BufferedInputStream(Files.newInputStream(path.resolve(name)), BUFFER), BUFFER);
    }

    static String sha256Of(String text) {
        return hex(CsvTally.sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String hex(byte[] digest) {
        return HexFormat.of().formatHex(digest);
    }

    /** The reason for people. A file system's own exceptions have it apart from the name, or only in their type. */
    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return e.getMessage() + " is not there";
        }
        if (e instanceof AccessDeniedException) {
            return "no permission for " + e.getMessage();
        }
        return e instanceof FileSystemException system && system.getReason() != null
                ? system.getFile() + ": " + system.getReason()
                : String.valueOf(e.getMessage());
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
