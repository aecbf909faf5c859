/**
 * What goes along when one table takes another's place, a class per kind of thing. Plans statements only; {@code swap}
 * takes the locks, runs them and commits.
 */
package liquibase.ext.partition.engine.swap.carry;
