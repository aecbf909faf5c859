/**
 * The proof that the new table is the old one, partitioned: what the catalog says of a table before, after the swap and
 * after the way back, for one table that has everything, for hundreds of random ones, and as clients notice it.
 */
package liquibase.ext.partition.carried;
