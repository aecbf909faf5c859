package liquibase.ext.partition.engine.belonging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Feature.Fate;
import org.junit.jupiter.api.Test;

class BelongingKindsTest {
    private static final Set<Feature> LISTED = BelongingKinds.ALL.stream()
            .flatMap(kind -> kind.features().stream())
            .collect(Collectors.toSet());

    private static Set<Feature> of(Set<Fate> fates) {
        return Arrays.stream(Feature.values())
                .filter(feature -> fates.contains(feature.fate()))
                .collect(Collectors.toSet());
    }

    @Test
    void everyFeatureThatASwapMovesIsThatOfAKind() {
        assertThat(LISTED).containsAll(of(EnumSet.of(Fate.IN_SWAP, Fate.AFTER_SWAP, Fate.AS_CONFIGURED)));
    }

    @Test
    void noFeatureThatIsRefusedIsThatOfAKind() {
        assertThat(LISTED).doesNotContainAnyElementsOf(of(EnumSet.of(Fate.REFUSED)));
    }
}
