package liquibase.ext.partition.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Plays rounds of faults for {@code faults.minutes}, one by default; {@code mvn verify -Pfaults -Dfaults.minutes=60}
 * runs nothing else. {@code faults.seed} makes the same decisions again, {@code faults.lanes} says how many servers are
 * struck at a time, {@code faults.only} and {@code faults.without} name faults ({@code KILL,FULL_DISK}),
 * {@code faults.shapes} tables ({@code ORDERS}). The table of rounds is printed, and left in
 * {@code target/faults/faults.md}.
 *
 * <p>A full disk needs a mount, and so root or {@code sudo}. Without them the test fails and says so;
 * {@code -Dfaults.without=FULL_DISK} leaves this fault out, and the table says 0.
 */
@Tag("faults")
class FaultsTest {

    @Test
    void everyAcknowledgedWriteIsThereOnceWhateverStrikes() throws Exception {
        long seed = Long.getLong("faults.seed", new SplittableRandom().nextLong(1_000_000_000));
        Duration longest =
                Duration.ofMillis((long) (Double.parseDouble(System.getProperty("faults.minutes", "1")) * 60_000));
        int lanes = Integer.getInteger("faults.lanes", 2);
        List<Fault> faults = new ArrayList<>(named("faults.only", Fault::valueOf));
        if (faults.isEmpty()) {
            faults.addAll(List.of(Fault.values()));
        }
        faults.removeAll(named("faults.without", Fault::valueOf));
        List<Shape> shapes = named("faults.shapes", Shape::valueOf);
        List<Shape> tables = shapes.isEmpty() ? List.of(Shape.values()) : shapes;
        Path directory = Files.createDirectories(Path.of("target", "faults"));
        System.out.printf("Faults with -Dfaults.seed=%d%n", seed);
        Changelogs changelogs = Changelogs.generate(directory);
        Tally tally = new Tally();
        List<String> failures = Collections.synchronizedList(new ArrayList<>());
        ExecutorService threads = Executors.newFixedThreadPool(lanes);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 1; i <= lanes; i++) {
                int number = i;
                Path own = Files.createDirectories(directory.resolve("lane-" + number));
                running.add(threads.submit(() -> {
                    try (Lane lane =
                            new Lane(number, seed, longest, own, changelogs, tables, faults, tally, failures)) {
                        lane.run();
                    }
                    return null;
                }));
            }
            for (Future<?> lane : running) {
                try {
                    lane.get();
                } catch (ExecutionException e) {
                    failures.add(Lane.stackTrace(e.getCause()));
                }
            }
        } finally {
            threads.shutdownNow();
            tell(directory, tally);
        }
        if (tally.rounds() == 0) {
            failures.add("Not one round was played in " + longest);
        }
        failures.addAll(tally.bareMessages());
        if (!failures.isEmpty()) {
            throw new AssertionError("%d of %d rounds failed; the same decisions again: -Dfaults.seed=%d%n%n%s"
                    .formatted(failures.size(), tally.rounds(), seed, String.join("\n\n", failures)));
        }
    }

    private static <T> List<T> named(String property, Function<String, T> valueOf) {
        return Arrays.stream(System.getProperty(property, "").split(","))
                .filter(name -> !name.isBlank())
                .map(valueOf)
                .toList();
    }

    private static void tell(Path directory, Tally tally) throws IOException {
        Files.writeString(directory.resolve("faults.md"), tally.table());
        System.out.println(tally.table());
    }
}
