/**
 * The chunked copy: cuts the source's heap blocks into chunks as they are taken, each as large as can be copied in
 * about the chunk time, copies each together with its checkpoint in one transaction, resumes with the blocks that are
 * in no finished chunk, and stops when what it noted of the source at its beginning no longer holds.
 *
 * <p>Why a row is copied once, and none is missed, stands on the engine's page. Does not capture changes and builds no
 * index.
 */
package liquibase.ext.partition.engine.copy;
