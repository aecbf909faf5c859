package liquibase.ext.partition.generator.config;

/**
 * The form of a column in the new table.
 *
 * @param type the new table's type, with modifiers, as PostgreSQL writes it
 * @param using an SQL expression over the source's column alone that gives the new value; null for a plain cast, or for
 *     none if the type stays the same
 * @param reverseUsing the expression over the new column that gives the old value when the swap is undone; null for a
 *     plain cast. Null whenever {@code using} is
 */
public record ColumnConfig(String type, String using, String reverseUsing) {}
