/**
 * The proof that the new table is the old one, partitioned: the catalog's description of a table before, after the swap
 * and after the way back, for one table that has everything and for hundreds of random ones; and the view of clients.
 *
 * <p>Does not test how a single thing moves: the tests of {@code engine.belonging} do. Called by {@code mvn verify},
 * like every test.
 */
package liquibase.ext.partition.carried;
