/**
 * How we name what we make: names that are derived from another one, fit into 63 bytes, and can be found again.
 *
 * <p>Pure. Does not look whether a name is free. Called by every room that makes something, and by the attributes that
 * name things.
 */
package liquibase.ext.partition.engine.name;
