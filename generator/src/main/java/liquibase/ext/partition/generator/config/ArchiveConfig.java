package liquibase.ext.partition.generator.config;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the rows of partitions go that are archived.
 *
 * @param files the directory for files; null if they do not go into files
 * @param format the form of the files; null for the extension's default
 * @param tablespace the tablespace to which they are moved; null if they go into files
 */
public record ArchiveConfig(String files, String format, String tablespace) {
    /** The attributes of {@code retirePartitions}, in order. */
    public Map<String, String> attributes() {
        Map<String, String> attributes = new LinkedHashMap<>();
        put(attributes, "archiveFiles", files);
        put(attributes, "archiveFormat", format);
        put(attributes, "archiveTablespace", tablespace);
        return attributes;
    }

    private static void put(Map<String, String> attributes, String name, String value) {
        if (value != null) {
            attributes.put(name, value);
        }
    }
}
