package liquibase.ext.partition.engine.catalog;

import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A column of the key by which rows are told apart.
 *
 * @param equality the operator by which the key's index compares it. {@code =} alone would be looked up in a worker's
 *     {@code search_path}, and for a type out of an extension found wrong or not at all.
 */
public record KeyColumn(Identifier name, String type, Sql equality) {}
