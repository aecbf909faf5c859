package liquibase.ext.partition.engine.survey;

import liquibase.ext.partition.engine.catalog.Feature;

/**
 * Something that comes along, but not as it was.
 *
 * @param subject its name, as the catalog has it: of an index, a constraint, a column
 * @param was its definition today
 * @param becomes its definition after the swap; empty where it is gone
 * @param consequence what that means to those who use it, a sentence
 */
public record Change(Feature feature, String subject, String was, String becomes, String consequence) {}
