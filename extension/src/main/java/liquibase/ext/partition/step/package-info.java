/**
 * The shape of a step, as a changeset describes it: it runs, is taken back, and shows its SQL; others find it in the
 * changelog, perhaps twice ({@code Duplicates}), and among Liquibase's records.
 *
 * <p>Owns neither the change types, which are the steps ({@code change}), nor the names of steps
 * ({@code attribute.StepName}), nor one run of a step ({@code engine.run.StepRun}). {@code RestartedCopy} reads the
 * attribute {@code restart} and finds the changeset of the copy; {@code engine.restart.CopyRestart} does what it asks
 * for. Called by {@code change}, {@code statement} and {@code precondition}.
 */
package liquibase.ext.partition.step;
