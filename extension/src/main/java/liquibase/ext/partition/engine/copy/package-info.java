/**
 * The chunked copy: plans chunks over the source's heap blocks, copies each together with its checkpoint in one transaction,
 * resumes after the chunks that are finished, and stops when the plan no longer holds.
 *
 * <p>Why a row is copied once, and none is missed, stands on the engine's page. Does not capture changes and builds no
 * index.
 */
package liquibase.ext.partition.engine.copy;
