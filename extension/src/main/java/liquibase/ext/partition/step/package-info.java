/**
 * A step of a migration, as other parts of the extension see it: it runs, is taken back, and shows its SQL; others find
 * it in the changelog, and among Liquibase's records.
 *
 * <p>Owns no change type; the change types are steps. Preconditions, and changes that depend on other changes, read it.
 */
package liquibase.ext.partition.step;
