package liquibase.ext.partition.engine.belonging.kind;

import liquibase.ext.partition.engine.catalog.Feature;

/**
 * Something that comes along, but changed. People are told of it before a row is copied.
 *
 * @param subject the catalog's name for it: of an index, a constraint, a column
 * @param was its present definition
 * @param becomes its definition after the swap; empty if it is gone
 * @param consequence what that means to those who use it, as a sentence
 */
public record AnnouncedChange(Feature feature, String subject, String was, String becomes, String consequence) {}
