package liquibase.ext.partition.engine.newtable;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The type that was requested for a column of the new table.
 *
 * @param type the type with its modifiers
 * @param using an expression over this column alone that gives the new value; if it is not given, a cast
 * @param reverseUsing the expression over the new value that gives the old one, which a rollback after the swap needs;
 *     if it is not given, a cast
 */
public record ColumnChange(Identifier column, String type, Optional<String> using, Optional<String> reverseUsing) {}
