package liquibase.ext.partition.engine.belonging;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.checks.CheckKind;
import liquibase.ext.partition.engine.belonging.comments.OtherCommentKind;
import liquibase.ext.partition.engine.belonging.comments.TableCommentKind;
import liquibase.ext.partition.engine.belonging.foreignkeys.IncomingForeignKeyKind;
import liquibase.ext.partition.engine.belonging.foreignkeys.OwnForeignKeyKind;
import liquibase.ext.partition.engine.belonging.grants.GrantKind;
import liquibase.ext.partition.engine.belonging.grants.OwnerKind;
import liquibase.ext.partition.engine.belonging.indexes.IndexKind;
import liquibase.ext.partition.engine.belonging.kind.AfterSwitch;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.PlannedPart;
import liquibase.ext.partition.engine.belonging.kind.Refusal;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TellingOrder;
import liquibase.ext.partition.engine.belonging.kind.WayBack;
import liquibase.ext.partition.engine.belonging.materializedviews.MaterializedViewKind;
import liquibase.ext.partition.engine.belonging.properties.PropertyKind;
import liquibase.ext.partition.engine.belonging.publications.PublicationKind;
import liquibase.ext.partition.engine.belonging.rowsecurity.RowSecurityKind;
import liquibase.ext.partition.engine.belonging.securitylabels.SecurityLabelKind;
import liquibase.ext.partition.engine.belonging.sequences.SequenceKind;
import liquibase.ext.partition.engine.belonging.statistics.StatisticsKind;
import liquibase.ext.partition.engine.belonging.triggers.CaptureKind;
import liquibase.ext.partition.engine.belonging.triggers.RoutingKind;
import liquibase.ext.partition.engine.belonging.triggers.TriggerKind;
import liquibase.ext.partition.engine.belonging.views.ViewKind;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.sql.Session;

/**
 * Every kind of thing that hangs on a table. Callers that ask about all of them ask here, so a new kind is a room and a
 * line in this list.
 *
 * <p>Before a switch has committed it reads the catalog only, as {@link BelongingKind} says.
 */
public final class BelongingKinds {
    /**
     * The kinds in the order that {@link SwitchPart} describes, the innermost first. {@link #settle} and
     * {@link #finish} ask them in this order too.
     */
    public static final List<BelongingKind> ALL = List.of(
            new SequenceKind(),
            new OwnerKind(),
            new IndexKind(),
            new CheckKind(),
            new StatisticsKind(),
            new OtherCommentKind(),
            new PropertyKind(),
            new TriggerKind(),
            new GrantKind(),
            new RowSecurityKind(),
            new SecurityLabelKind(),
            new PublicationKind(),
            new TableCommentKind(),
            new IncomingForeignKeyKind(),
            new CaptureKind(),
            new RoutingKind(),
            new OwnForeignKeyKind(),
            new ViewKind(),
            new MaterializedViewKind());

    private static final TellingOrder ORDER_OF_CHANGES = TellingOrder.of(
            Feature.INDEXES,
            Feature.TRIGGERS,
            Feature.GRANTS,
            Feature.REPLICA_IDENTITY,
            Feature.CHECKS,
            Feature.STATISTICS_TARGETS,
            Feature.STORAGE_PARAMETERS);

    private BelongingKinds() {}

    /** The obstacles that a table has by itself, whatever its new form. */
    public static List<Obstacle> standing(Session session, Table table) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            obstacles.addAll(kind.standing(session, table));
        }
        return obstacles;
    }

    /** The remaining obstacles of a table, out of those that it has by itself, once its intended new form is known. */
    public static List<Obstacle> judged(List<Obstacle> standing, Intent intent) throws SQLException {
        List<Obstacle> obstacles = standing;
        for (BelongingKind kind : ALL) {
            obstacles = kind.judged(obstacles, intent);
        }
        return obstacles;
    }

    /** The obstacles of a table before a row is copied, in addition to those that are {@link #judged}. */
    public static List<Obstacle> ahead(Intent intent) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            obstacles.addAll(kind.obstaclesAhead(intent));
            obstacles.addAll(kind.obstacles(intent));
        }
        return obstacles;
    }

    /** The obstacles of the reverse swap. */
    public static List<Obstacle> back(List<Obstacle> standing, WayBack way) throws SQLException {
        List<Obstacle> judged = standing;
        for (BelongingKind kind : ALL) {
            judged = kind.judgedBack(judged, way);
        }
        List<Obstacle> obstacles = new ArrayList<>(judged);
        for (BelongingKind kind : ALL) {
            obstacles.addAll(kind.obstaclesBack(way));
        }
        return obstacles;
    }

    /** The obstacles of a table at the swap, for the kinds that the swap refuses with this sentence. */
    public static List<Obstacle> obstacles(Intent intent, Refusal refusal) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            if (kind.refusal() == refusal) {
                obstacles.addAll(kind.obstacles(intent));
            }
        }
        return obstacles;
    }

    /** See {@link BelongingKind#changes}. */
    public static List<AnnouncedChange> changes(Table source, NewTable plan) {
        return ORDER_OF_CHANGES.sorted(
                ALL.stream()
                        .flatMap(kind -> kind.changes(source, plan).stream())
                        .toList(),
                AnnouncedChange::feature);
    }

    /** See {@link BelongingKind#changesForOthers}. */
    public static List<AnnouncedChange> changesForOthers(Intent intent) throws SQLException {
        List<AnnouncedChange> changes = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            changes.addAll(kind.changesForOthers(intent));
        }
        return changes;
    }

    /** The parts of a switch, the innermost first. */
    public static List<SwitchPart> parts(SwitchContext context) throws SQLException {
        List<PlannedPart> planned = new ArrayList<>();
        for (BelongingKind kind : ALL) {
            planned.addAll(kind.parts(context));
        }
        return planned.stream().map(part -> part.among(planned)).toList();
    }

    /** See {@link BelongingKind#settle}. */
    public static void settle(AfterSwitch after) throws SQLException {
        for (BelongingKind kind : ALL) {
            kind.settle(after);
        }
    }

    /** See {@link BelongingKind#finish}; comes after {@link #settle}. */
    public static void finish(AfterSwitch after) throws SQLException {
        for (BelongingKind kind : ALL) {
            kind.finish(after);
        }
    }
}
