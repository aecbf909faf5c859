/**
 * Tests that concern the whole generator: the arrows between its packages. What one package does is tested beside it,
 * in the package of the same name. Owns no fixture: {@code testing}, which the extension exports, has the servers and
 * databases. Called by {@code mvn verify}.
 */
package liquibase.ext.partition.generator;
