package liquibase.ext.partition.engine.belonging;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.part.BelongingKind;
import liquibase.ext.partition.engine.belonging.part.Change;
import liquibase.ext.partition.engine.belonging.part.Intent;
import liquibase.ext.partition.engine.belonging.part.Refusal;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
import liquibase.ext.partition.engine.belonging.part.Switching;
import liquibase.ext.partition.engine.belonging.publications.PublicationKind;
import liquibase.ext.partition.engine.belonging.rowsecurity.RowSecurityKind;
import liquibase.ext.partition.engine.belonging.securitylabels.SecurityLabelKind;
import liquibase.ext.partition.engine.catalog.Obstacle;

/**
 * Every kind of thing that hangs on a table. Whoever asks about all of them asks here, so a new kind is a room and a
 * line of this list.
 *
 * <p>Reads the catalog only, as {@link BelongingKind} says.
 */
public final class BelongingKinds {
    /** In the order that {@link SwitchPart} describes, the innermost first. */
    public static final List<BelongingKind> ALL =
            List.of(new RowSecurityKind(), new SecurityLabelKind(), new PublicationKind());

    private BelongingKinds() {}

    /** What stands in a table's way before a row is copied. */
    public static List<Obstacle> obstacles(Intent intent) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            obstacles.addAll(kind.obstacles(intent));
        }
        return obstacles;
    }

    /** What stands in a table's way at the swap, of the kinds that the swap refuses with this sentence. */
    public static List<Obstacle> obstacles(Intent intent, Refusal refusal) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            if (kind.refusal() == refusal) {
                obstacles.addAll(kind.obstacles(intent));
            }
        }
        return obstacles;
    }

    /** What comes along, but changed, where it is known how the table is partitioned. */
    public static List<Change> changes(Intent intent) throws SQLException {
        List<Change> changes = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            changes.addAll(kind.changes(intent));
        }
        return changes;
    }

    /** The parts of a switch, the innermost first. */
    public static List<SwitchPart> parts(Switching switching) throws SQLException {
        List<SwitchPart> parts = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            parts.addAll(kind.parts(switching));
        }
        return parts;
    }
}
