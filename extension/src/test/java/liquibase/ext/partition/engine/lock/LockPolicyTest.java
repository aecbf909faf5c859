package liquibase.ext.partition.engine.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LockPolicyTest {
    private static final LockPolicy DEFAULT = new LockPolicy(LockPolicy.DEFAULT_TIMEOUT, LockPolicy.DEFAULT_ATTEMPTS);

    @Test
    void attemptsWaitLongerAndLongerUpToTheTimeout() {
        assertThat(IntStream.rangeClosed(1, 12)
                        .mapToLong(attempt -> DEFAULT.timeout(attempt).toMillis()))
                .containsExactly(100L, 200L, 300L, 400L, 500L, 600L, 700L, 800L, 900L, 1000L, 1000L, 1000L);
    }

    @Test
    void theLastOfFewAttemptsWaitsAsLongAsWasAskedForAndNoneWithoutATimeout() {
        assertThat(new LockPolicy(Duration.ofSeconds(20), 1).timeout(1)).isEqualTo(Duration.ofSeconds(20));
        assertThat(new LockPolicy(Duration.ofSeconds(20), 2).timeout(1)).isEqualTo(Duration.ofSeconds(10));
        assertThat(new LockPolicy(Duration.ofMillis(3), 40).timeout(1))
                .as("lock_timeout = 0 would wait for ever")
                .isEqualTo(Duration.ofMillis(1));
    }

    @Test
    void allAttemptsTakeUpToThreeQuartersOfAnHour() {
        assertThat(DEFAULT.patience()).isBetween(Duration.ofMinutes(40), Duration.ofMinutes(45));
    }

    @Test
    void thereIsAtLeastOneAttemptAndATimeout() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LockPolicy(Duration.ofSeconds(1), 0))
                .withMessageContaining("lockAttempts is 0; it must be 1 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LockPolicy(Duration.ZERO, 1))
                .withMessageContaining("lockTimeout is PT0S");
    }
}
