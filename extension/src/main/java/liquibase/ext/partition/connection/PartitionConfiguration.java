package liquibase.ext.partition.connection;

import java.time.Duration;
import liquibase.configuration.AutoloadedConfigurations;
import liquibase.configuration.ConfigurationDefinition;
import liquibase.configuration.ConfigurationValueObfuscator;
import liquibase.ext.partition.engine.run.DurationText;
import liquibase.ext.partition.engine.run.OnBusy;

/** The extension's own settings: {@code liquibase.partition.url}, {@code .username}, {@code .password}, {@code .onBusy},
 * {@code .giveUpAfter} and {@code .askAfter}. */
public class PartitionConfiguration implements AutoloadedConfigurations {
    /** JDBC URL for workers' connections, where Liquibase's own connection cannot be opened again. */
    public static final ConfigurationDefinition<String> URL;

    public static final ConfigurationDefinition<String> USERNAME;
    public static final ConfigurationDefinition<String> PASSWORD;

    /** {@code fail} or {@code wait}: while another runner is at work on the table. */
    public static final ConfigurationDefinition<String> ON_BUSY;

    /** How long a lost connection is tried for. */
    public static final ConfigurationDefinition<String> GIVE_UP_AFTER;

    /** How long a statement may take before the server is asked what has become of it. */
    public static final ConfigurationDefinition<String> ASK_AFTER;

    static {
        ConfigurationDefinition.Builder builder = new ConfigurationDefinition.Builder("liquibase.partition");
        URL = builder.define("url", String.class)
                .setDescription("JDBC URL for the worker connections of liquibase-partition")
                // Liquibase logs the settings that it finds, and a password may be part of the URL.
                .setValueObfuscator(ConfigurationValueObfuscator.URL_OBFUSCATOR)
                .build();
        USERNAME = builder.define("username", String.class)
                .setDescription("User name for the worker connections of liquibase-partition")
                .build();
        PASSWORD = builder.define("password", String.class)
                .setDescription("Password for the worker connections of liquibase-partition")
                .setValueObfuscator(ConfigurationValueObfuscator.STANDARD)
                .build();
        ON_BUSY = builder.define("onBusy", String.class)
                .setDescription(
                        "What liquibase-partition does while another runner is at work on the table: fail or wait")
                .setDefaultValue("fail")
                .build();
        GIVE_UP_AFTER = builder.define("giveUpAfter", String.class)
                .setDescription(
                        "How long liquibase-partition tries to connect again when a connection is lost: a number with ms, s or min")
                .setDefaultValue("10min")
                .build();
        ASK_AFTER = builder.define("askAfter", String.class)
                .setDescription(
                        "How long a statement of liquibase-partition may take before the server is asked over another connection whether it is still at work on it: a number with ms, s or min")
                .setDefaultValue("5s")
                .build();
    }

    /** @throws IllegalArgumentException with a message for people, where it cannot be read */
    static OnBusy onBusy() {
        return OnBusy.parse("liquibase.partition.onBusy", ON_BUSY.getCurrentValue());
    }

    /** @throws IllegalArgumentException with a message for people, where it cannot be read */
    static Duration giveUpAfter() {
        return DurationText.parse("liquibase.partition.giveUpAfter", GIVE_UP_AFTER.getCurrentValue());
    }

    /** @throws IllegalArgumentException with a message for people, where it cannot be read */
    static Duration askAfter() {
        return DurationText.parse("liquibase.partition.askAfter", ASK_AFTER.getCurrentValue());
    }
}
