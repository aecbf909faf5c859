package liquibase.ext.partition.precondition;

import liquibase.ext.partition.attribute.TypedColumn;

/** A column that {@code sourceColumns} expects; of any type where that is null. */
public class ExpectedColumn extends TypedColumn {}
