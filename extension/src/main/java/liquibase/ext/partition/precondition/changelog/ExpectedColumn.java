package liquibase.ext.partition.precondition.changelog;

import liquibase.ext.partition.attribute.TypedColumn;

/** A column that {@code sourceColumns} expects; if its type is null, any type will do. */
public class ExpectedColumn extends TypedColumn {}
