package liquibase.ext.partition.engine.belonging.kind;

import java.util.List;
import java.util.function.UnaryOperator;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The names of both tables' indexes and sequences, before and after. A name is unique in its schema, so the leaving
 * table's are put aside before the entering table's get them.
 *
 * @param carried names of the live table's indexes that the entering table has too
 * @param aside the name of the leaving table's index or sequence afterwards
 * @param counterpart the name of the entering table's index before
 */
public record SwitchedNames(
        List<Identifier> carried, UnaryOperator<Identifier> aside, UnaryOperator<Identifier> counterpart) {
    public SwitchedNames {
        carried = List.copyOf(carried);
    }

    /** The names on the way to the partitioned table, whose indexes have names of their own until then. */
    public static SwitchedNames there(QualifiedName source, List<Identifier> carried) {
        return new SwitchedNames(
                carried,
                name -> CarriedName.backupIndex(source, name).name(),
                name -> CarriedName.newIndex(source, name).name());
    }

    /** The names on the way back. */
    public static SwitchedNames back(QualifiedName source, List<Identifier> carried) {
        SwitchedNames there = there(source, carried);
        return new SwitchedNames(carried, there.counterpart, there.aside);
    }

    public Identifier aside(Identifier name) {
        return aside.apply(name);
    }

    public Identifier counterpart(Identifier name) {
        return counterpart.apply(name);
    }
}
