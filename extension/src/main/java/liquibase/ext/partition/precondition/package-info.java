/**
 * Preconditions that gate operations which cannot be undone. They ask the engine's state and the tables themselves.
 * Most change nothing; those that do work when they are asked (a replay, a comparison, a new copy, the way back) say
 * so.
 *
 * <p>"No" is a {@link liquibase.exception.PreconditionFailedException}, to which {@code onFail} applies; "cannot tell"
 * is a {@link liquibase.exception.PreconditionErrorException}, to which {@code onError} applies. Never use
 * {@code MARK_RAN} with them: it would record the gated changeset as done for ever.
 *
 * <p>Owns what all our preconditions have in common. Does not own the work that they start, nor those that ask whether
 * a changelog fits the database ({@code changelog}), and does not know the change types. Called by Liquibase.
 */
package liquibase.ext.partition.precondition;
