package liquibase.ext.partition.engine.belonging.kind;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import liquibase.ext.partition.engine.catalog.Feature;

/**
 * The order in which people are told of a table's things. Features without a place come last. Things of one place stay
 * in the order in which they were found.
 */
public record TellingOrder(List<Set<Feature>> places) {
    public TellingOrder {
        places = List.copyOf(places);
    }

    /** An order with a place for each feature. */
    public static TellingOrder of(Feature... features) {
        return new TellingOrder(
                List.of(features).stream().map(feature -> Set.of(feature)).toList());
    }

    /** The things in this order. */
    public <T> List<T> sorted(List<T> things, Function<T, Feature> feature) {
        return things.stream()
                .sorted(Comparator.comparingInt(thing -> place(feature.apply(thing))))
                .toList();
    }

    private int place(Feature feature) {
        for (int place = 0; place < places.size(); place++) {
            if (places.get(place).contains(feature)) {
                return place;
            }
        }
        return places.size();
    }
}
