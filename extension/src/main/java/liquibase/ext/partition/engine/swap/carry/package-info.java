/**
 * The objects that go along when one table takes another's place, with a class per kind. This package plans statements
 * only; {@code swap} takes the locks, runs the statements and commits.
 */
package liquibase.ext.partition.engine.swap.carry;
