/**
 * One run of a step ({@code StepRun}) and its workers: the session that coordinates it, the worker connections, the
 * pieces of work that they take, and the lines that tell people how far it is.
 *
 * <p>Does not know what a step does, how gently it works ({@code pace}), how it takes locks ({@code lock}), or whether
 * the other side is still there ({@code link}). Called by every room of the engine that has a step, by {@code restart}
 * and {@code belonging}, and by {@code change}, {@code statement}, {@code step}, {@code precondition} and
 * {@code connection}, which begin it.
 */
package liquibase.ext.partition.engine.run;
