package liquibase.ext.partition.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import liquibase.ext.partition.endtoend.GeneratorCli;

/** The changelogs of every shape, made by the packaged generator. */
record Changelogs(Path directory) {

    static Changelogs generate(Path directory) {
        try {
            for (Shape shape : Shape.values()) {
                Path folder = Files.createDirectories(directory.resolve(shape.table()));
                Files.writeString(folder.resolve("tables.yaml"), shape.config());
                GeneratorCli.in(folder)
                        .run("generate", "--config", "tables.yaml", "--output", ".")
                        .requireSuccess();
                Path steps = folder.resolve("changelog.xml");
                Files.writeString(steps, hurried(Files.readString(steps)));
            }
            return new Changelogs(directory.toAbsolutePath());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Locks are requested often and never for long, and the copy takes a while, as an operator would tune it. */
    private static String hurried(String changelog) {
        return changelog
                .replace(
                        "<partition:captureChanges ",
                        "<partition:captureChanges lockTimeout=\"300ms\" lockAttempts=\"30\" ")
                .replace("<partition:lockedSwap ", "<partition:lockedSwap lockTimeout=\"300ms\" lockAttempts=\"30\" ")
                .replace(
                        "<partition:exchangePartitions ",
                        "<partition:exchangePartitions lockTimeout=\"300ms\" lockAttempts=\"30\" ")
                .replace("<partition:dropBackup ", "<partition:dropBackup lockTimeout=\"300ms\" lockAttempts=\"30\" ")
                .replace("<partition:chunkedCopy ", "<partition:chunkedCopy pauseBetweenChunks=\"60ms\" ");
    }

    Path folder(Shape shape) {
        return directory.resolve(shape.table());
    }
}
