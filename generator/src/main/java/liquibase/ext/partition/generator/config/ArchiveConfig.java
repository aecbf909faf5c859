package liquibase.ext.partition.generator.config;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the rows of partitions go that are archived.
 *
 * @param files the directory for files
 * @param format the form of the files; null for the extension's default
 */
public record ArchiveConfig(String files, String format) {
    /** The attributes of {@code retirePartitions}, in order. */
    public Map<String, String> attributes() {
        Map<String, String> attributes = new LinkedHashMap<>();
        put(attributes, "archiveFiles", files);
        put(attributes, "archiveFormat", format);
        return attributes;
    }

    private static void put(Map<String, String> attributes, String name, String value) {
        if (value != null) {
            attributes.put(name, value);
        }
    }
}
