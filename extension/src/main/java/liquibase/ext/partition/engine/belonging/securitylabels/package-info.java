/**
 * Security labels of the table, its columns and its sequences: how they are read, and how they move.
 *
 * <p>Reads the catalog and plans statements. Does not own the labels that the new table gets before rows are copied
 * into it: {@code access} gives it those. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.securitylabels;
