/**
 * Preconditions that gate operations which cannot be undone. They ask the engine's state and the tables themselves.
 * Most change nothing; those that do work when they are asked (a replay, a comparison, a new copy, the way back) say
 * so.
 *
 * <p>"No" is a {@link liquibase.exception.PreconditionFailedException}, to which {@code onFail} applies; "cannot tell"
 * is a {@link liquibase.exception.PreconditionErrorException}, to which {@code onError} applies. Never use
 * {@code MARK_RAN} with them: it would record the gated changeset as done for ever.
 *
 * <p>Does not own the work that they start, and does not know the change types: {@code partitionable}, which has the
 * attributes of one, asks {@code step.PreparationStep} for it. Called by Liquibase.
 */
package liquibase.ext.partition.precondition;
