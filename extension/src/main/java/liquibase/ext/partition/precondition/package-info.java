/**
 * Preconditions that gate what cannot be undone. They ask the engine's state and the tables themselves; they change
 * neither.
 *
 * <p>"No" is a {@link liquibase.exception.PreconditionFailedException}, to which {@code onFail} applies; "cannot tell"
 * is a {@link liquibase.exception.PreconditionErrorException}, to which {@code onError} applies. Never use
 * {@code MARK_RAN} with them: it would record the gated changeset as done for ever.
 */
package liquibase.ext.partition.precondition;
