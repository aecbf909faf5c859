/**
 * Triggers on the table and how they move: triggers of users, some of which cannot go along, or behave differently
 * afterwards; and the triggers that a migration puts there, which capture changes and route rows.
 *
 * <p>Reads the catalog and plans statements, but for {@code TriggersAhead}, which makes and removes triggers before and
 * after a switch. Does not own how triggers are read ({@code catalog} reads them with the table), nor what the
 * migration's own triggers do ({@code delta}, {@code routing}). Called by {@code BelongingKinds}, by {@code swap},
 * which makes triggers ahead, and by {@code attribute} for the choice of those that are accepted.
 */
package liquibase.ext.partition.engine.belonging.triggers;
