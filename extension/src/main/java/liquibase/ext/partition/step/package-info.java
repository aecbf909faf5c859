/**
 * What a step of a migration is to those who do not make it: it runs, is taken back, and shows its SQL; others find it
 * in the changelog that they share with it, and among Liquibase's records.
 *
 * <p>Owns no change type: they are steps. Preconditions, and changes that go by what other changes say, read it.
 */
package liquibase.ext.partition.step;
