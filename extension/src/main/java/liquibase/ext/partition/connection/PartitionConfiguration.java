package liquibase.ext.partition.connection;

import liquibase.configuration.AutoloadedConfigurations;
import liquibase.configuration.ConfigurationDefinition;
import liquibase.configuration.ConfigurationValueObfuscator;

/** The extension's own settings: {@code liquibase.partition.url}, {@code .username} and {@code .password}. */
public class PartitionConfiguration implements AutoloadedConfigurations {
    /** JDBC URL for workers' connections, where Liquibase's own connection cannot be opened again. */
    public static final ConfigurationDefinition<String> URL;

    public static final ConfigurationDefinition<String> USERNAME;
    public static final ConfigurationDefinition<String> PASSWORD;

    static {
        ConfigurationDefinition.Builder builder = new ConfigurationDefinition.Builder("liquibase.partition");
        URL = builder.define("url", String.class)
                .setDescription("JDBC URL for the worker connections of liquibase-partition")
                .build();
        USERNAME = builder.define("username", String.class)
                .setDescription("User name for the worker connections of liquibase-partition")
                .build();
        PASSWORD = builder.define("password", String.class)
                .setDescription("Password for the worker connections of liquibase-partition")
                .setValueObfuscator(ConfigurationValueObfuscator.STANDARD)
                .build();
    }
}
