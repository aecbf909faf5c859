package liquibase.ext.partition.connection;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import liquibase.configuration.AutoloadedConfigurations;
import liquibase.configuration.ConfigurationDefinition;
import liquibase.configuration.ConfigurationValueObfuscator;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.lock.OnBusy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.Pace;
import liquibase.ext.partition.engine.pace.PaceSetting;
import liquibase.ext.partition.engine.state.DefaultShare;

/**
 * The extension's own settings: {@code liquibase.partition.url}, {@code .username}, {@code .password}, {@code .onBusy},
 * {@code .giveUpAfter}, {@code .askAfter}, and those of the pace, such as {@code .maxDuration}.
 */
public class PartitionConfiguration implements AutoloadedConfigurations {
    /** The JDBC URL for workers' connections, if Liquibase's own connection cannot be opened again. */
    public static final ConfigurationDefinition<String> URL;

    public static final ConfigurationDefinition<String> USERNAME;
    public static final ConfigurationDefinition<String> PASSWORD;

    /** {@code fail} or {@code wait}: what to do while another runner is at work on the table. */
    public static final ConfigurationDefinition<String> ON_BUSY;

    /** How long to try for a new connection when one was lost. */
    public static final ConfigurationDefinition<String> GIVE_UP_AFTER;

    /** How long a statement may take before the server is asked about it. */
    public static final ConfigurationDefinition<String> ASK_AFTER;
    /** Takes precedence over the attribute of the same name. */
    static final ConfigurationDefinition<String> MAX_DEFAULT_SHARE;
    /**
     * The settings of {@link Pace}: each takes precedence over the attribute of the same name, in every step of the
     * run.
     */
    static final Map<PaceSetting, ConfigurationDefinition<String>> PACE = new EnumMap<>(PaceSetting.class);

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
                        "How long a statement of liquibase-partition may take before the server is asked over another connection whether it is still at work on it: a number with ms, s or min. Of Liquibase's own statements it is asked after twice as long")
                .setDefaultValue("5s")
                .build();
        MAX_DEFAULT_SHARE = builder.define(DefaultShare.ATTRIBUTE, String.class)
                .setDescription("The attribute maxDefaultShare of every step of liquibase-partition")
                .build();
        for (PaceSetting setting : PaceSetting.values()) {
            PACE.put(
                    setting,
                    builder.define(setting.settingName(), String.class)
                            .setDescription("The attribute %s of every step of liquibase-partition; off takes it away"
                                    .formatted(setting.settingName()))
                            .build());
        }
    }

    /**
     * The run's settings for the pace of all its steps.
     *
     * @throws IllegalArgumentException with a message for people, if a setting cannot be read
     */
    static GivenPace pace() {
        Map<PaceSetting, String> texts = new EnumMap<>(PaceSetting.class);
        PACE.forEach((setting, definition) -> {
            String value = definition.getCurrentValue();
            if (value != null) {
                texts.put(setting, value);
            }
        });
        GivenPace pace = new GivenPace(texts);
        try {
            pace.pace();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("liquibase.partition." + e.getMessage(), e);
        }
        return pace;
    }

    /**
     * How many of the rows may be in the default partition in this run; empty if the run does not say.
     *
     * @throws IllegalArgumentException with a message for people, if the setting cannot be read
     */
    public static Optional<DefaultShare> maxDefaultShare() {
        return Optional.ofNullable(MAX_DEFAULT_SHARE.getCurrentValue()).map(DefaultShare::parse);
    }

    /** @throws IllegalArgumentException with a message for people, if the setting cannot be read */
    static OnBusy onBusy() {
        return OnBusy.parse("liquibase.partition.onBusy", ON_BUSY.getCurrentValue());
    }

    /** @throws IllegalArgumentException with a message for people, if the setting cannot be read */
    static Duration giveUpAfter() {
        return DurationText.parse("liquibase.partition.giveUpAfter", GIVE_UP_AFTER.getCurrentValue());
    }

    /** @throws IllegalArgumentException with a message for people, if the setting cannot be read */
    static Duration askAfter() {
        return DurationText.parse("liquibase.partition.askAfter", ASK_AFTER.getCurrentValue());
    }
}
