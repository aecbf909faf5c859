/**
 * Names for what we make: they are derived from another name, fit into 63 bytes, and can be found again.
 *
 * <p>Pure. Does not check whether a name is free. Called by every room that makes something, and by the attributes that
 * name things.
 */
package liquibase.ext.partition.engine.name;
