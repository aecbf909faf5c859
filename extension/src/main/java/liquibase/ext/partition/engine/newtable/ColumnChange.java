package liquibase.ext.partition.engine.newtable;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The type that a column of the new table is asked to have.
 *
 * @param type with its modifiers
 * @param using an expression over this column alone that gives the new value; the cast where it is not given
 * @param reverseUsing the same for the way back, over the new value, which a rollback after the swap needs; the cast
 *     where it is not given
 */
public record ColumnChange(Identifier column, String type, Optional<String> using, Optional<String> reverseUsing) {}
