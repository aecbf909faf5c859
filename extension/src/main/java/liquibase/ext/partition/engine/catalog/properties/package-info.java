/**
 * Reads the properties of a table, its columns and its indexes: storage parameters, statistics targets, replica
 * identity, tablespaces, checks.
 *
 * <p>Property is the manual's word for all of these together: {@code CREATE TABLE … LIKE … INCLUDING} says which
 * further properties of a table to copy, and here are those that it does not copy, or not as they are. A setting is
 * what a user says to this tool ({@code attribute}).
 *
 * <p>Reads only. {@code belonging.properties} moves the properties that somebody has changed. Called by
 * {@code newtable}, {@code prepare}, {@code survey}, {@code index}, {@code upkeep}, and the rooms of
 * {@code belonging}.
 */
package liquibase.ext.partition.engine.catalog.properties;
