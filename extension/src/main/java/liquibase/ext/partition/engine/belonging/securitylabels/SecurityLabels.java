package liquibase.ext.partition.engine.belonging.securitylabels;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The security labels of the table, its columns and sequences, as they are now; the new table got the labels of the
 * time when it was made.
 *
 * @param leaving the labels of the old table
 * @param entering the labels of the next one
 */
public record SecurityLabels(TablePair pair, List<SecurityLabel> leaving, List<SecurityLabel> entering)
        implements SwitchPart {
    private static final Sql SET = Sql.of("SECURITY LABEL FOR {provider} ON {object} IS {label}");
    private static final Sql TABLE = Sql.of("TABLE {table}");
    private static final Sql SEQUENCE = Sql.of("SEQUENCE {sequence}");
    private static final Sql COLUMN = Sql.of("COLUMN {table}.{column}");

    public SecurityLabels {
        leaving = List.copyOf(leaving);
        entering = List.copyOf(entering);
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (SecurityLabel label : entering) {
            boolean isGone = leaving.stream().noneMatch(label::isOfTheSameAs);
            // A column that only the new table has may have a label of its own.
            boolean isOfBoth = label.column()
                    .map(name -> pair.old().table().column(name).isPresent())
                    .orElse(true);
            if (isGone && isOfBoth) {
                statements.add(set(label, Sql.raw("NULL")));
            }
        }
        for (SecurityLabel label : leaving) {
            boolean isOfBoth = label.column()
                    .map(name -> pair.next().table().column(name).isPresent())
                    .orElse(true);
            if (isOfBoth && !entering.contains(label)) {
                statements.add(set(label, Sql.literal(label.label())));
            }
        }
        return statements;
    }

    private Sql set(SecurityLabel label, Sql text) {
        return SET.with("provider", label.provider())
                .with("object", object(label))
                .with("label", text);
    }

    private Sql object(SecurityLabel label) {
        if (label.column().isEmpty()) {
            return TABLE.with("table", pair.liveName());
        }
        Identifier column = label.column().get();
        return label.ofSequence()
                ? SEQUENCE.with("sequence", sequence(column))
                : COLUMN.with("table", pair.liveName()).with("column", column);
    }

    /** The entering table's sequence, which gets the leaving one's name after the switch. */
    private QualifiedName sequence(Identifier column) {
        return pair.next().table().column(column).stream()
                .flatMap(it -> it.sequences().stream())
                .filter(Sequence::identity)
                .findFirst()
                .orElseThrow()
                .name();
    }
}
