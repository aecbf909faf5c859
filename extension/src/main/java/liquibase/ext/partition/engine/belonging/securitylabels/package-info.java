/**
 * Security labels of the table, its columns and its sequences: how they are read, and how they move.
 *
 * <p>Plans statements only. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.securitylabels;
