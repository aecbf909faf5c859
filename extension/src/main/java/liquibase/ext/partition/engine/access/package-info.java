/**
 * Access to what we make: nobody but its owner has any, until the swap gives the new table the source's grants.
 *
 * <p>Makes statements and runs none. Called wherever a table, a sequence or a function of ours is made.
 */
package liquibase.ext.partition.engine.access;
