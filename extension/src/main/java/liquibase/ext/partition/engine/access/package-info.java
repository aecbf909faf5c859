/**
 * Who may use what we make: nobody but its owner, until the swap gives the new table what the source has.
 *
 * <p>Makes statements and runs none. Called wherever a table, a sequence or a function of ours is made.
 */
package liquibase.ext.partition.engine.access;
