/**
 * The input of users: attributes and how to read them, the settings that tune a step, and the tables that a parameter
 * selects. Also tells Liquibase where the schema of our XML namespace is ({@code PartitionNamespace}).
 *
 * <p>A new setting is described in {@code TuningAttribute} and nowhere else; tests compare the XSD, the JSON Schema,
 * the templates and the README with it. {@code StepName} names the steps that have settings: change types, and the
 * preconditions that do work of their own.
 *
 * <p>Owns no change type and no precondition, and knows none. Called by {@code change}, {@code step} and
 * {@code precondition}, and by the generator's {@code config} and {@code inspect} for the settings' descriptions.
 */
package liquibase.ext.partition.attribute;
