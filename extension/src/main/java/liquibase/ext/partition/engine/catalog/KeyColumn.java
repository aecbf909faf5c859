package liquibase.ext.partition.engine.catalog;

import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A column of the key that identifies rows.
 *
 * @param equality the operator with which the key's index compares it. A plain {@code =} would be looked up in a
 *     worker's {@code search_path}, and for a type from an extension the wrong operator would be found, or none
 */
public record KeyColumn(Identifier name, String type, Sql equality) {}
