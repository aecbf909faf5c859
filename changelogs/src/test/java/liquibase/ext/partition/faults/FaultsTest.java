package liquibase.ext.partition.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Rounds of faults for {@code faults.minutes}, two by default; {@code mvn verify -Pfaults -Dfaults.minutes=60} runs nothing else.
 * {@code faults.seed} makes the same decisions again, {@code faults.only} plays some faults alone, {@code faults.lanes} says how many
 * servers are struck at a time. The table of rounds is printed, and left in {@code target/faults/faults.md}.
 */
@Tag("faults")
class FaultsTest {

    @Test
    void everyAcknowledgedWriteIsThereOnceWhateverStrikes() throws Exception {
        long seed = Long.getLong("faults.seed", new SplittableRandom().nextLong(1_000_000_000));
        long deadline =
                System.nanoTime() + (long) (Double.parseDouble(System.getProperty("faults.minutes", "2")) * 60e9);
        int lanes = Integer.getInteger("faults.lanes", 2);
        List<Fault> faults = Arrays.stream(System.getProperty("faults.only", "").split(","))
                .filter(name -> !name.isBlank())
                .map(Fault::valueOf)
                .toList();
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
                    try (Lane lane = new Lane(
                            number,
                            seed,
                            deadline,
                            own,
                            changelogs,
                            faults.isEmpty() ? List.of(Fault.values()) : faults,
                            tally,
                            failures)) {
                        lane.run();
                    }
                    return null;
                }));
            }
            for (Future<?> lane : running) {
                lane.get();
            }
        } finally {
            threads.shutdownNow();
            tell(directory, tally);
        }
        failures.addAll(tally.bareMessages());
        if (!failures.isEmpty()) {
            throw new AssertionError("%d of %d rounds failed; the same decisions again: -Dfaults.seed=%d%n%n%s"
                    .formatted(failures.size(), tally.rounds(), seed, String.join("\n\n", failures)));
        }
    }

    private static void tell(Path directory, Tally tally) throws IOException {
        Files.writeString(directory.resolve("faults.md"), tally.table());
        System.out.println(tally.table());
    }
}
