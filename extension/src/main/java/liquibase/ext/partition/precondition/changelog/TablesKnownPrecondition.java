package liquibase.ext.partition.precondition.changelog;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.ChangeExecListener;
import liquibase.database.Database;
import liquibase.database.core.PostgresDatabase;
import liquibase.exception.DatabaseException;
import liquibase.exception.PreconditionErrorException;
import liquibase.exception.PreconditionFailedException;
import liquibase.exception.ValidationErrors;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.TableSelection;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.connection.Reconnection;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.precondition.OurPrecondition;
import liquibase.ext.partition.step.Step;
import liquibase.precondition.Precondition;
import liquibase.precondition.PreconditionLogic;

/**
 * Whether the parameters name existing tables, so that a mistyped name is not ignored silently. It stands at the head
 * of a changelog, where every update asks it before anything is done, whatever is recorded.
 *
 * <p>Existing tables are those of our changes in the whole changelog, and those whose migration has begun in this
 * database, perhaps by another changelog. {@code swapBack} and {@code restartCopy} are typed for one run and for a
 * table whose migration has begun: a name that is neither fails the update. Approvals may stay in a pipeline, for
 * several databases and for tables that are finished: there an unknown name is reported and approves nothing.
 *
 * <p>It also refuses, by name, what was changed of a migration that has begun and cannot change any more: Liquibase
 * asks this before it compares checksums, and its own error says no more than that they differ.
 */
public class TablesKnownPrecondition extends OurPrecondition {
    private String swapApproved;
    private String dropApproved;
    private String retireApproved;
    private String restartCopy;
    private String swapBack;

    @Override
    public String getName() {
        return "tablesKnown";
    }

    /** The parameter of this name; as for the others, names of tables separated by commas, or {@code all}. */
    public String getSwapApproved() {
        return swapApproved;
    }

    public void setSwapApproved(String swapApproved) {
        this.swapApproved = swapApproved;
    }

    /** The parameter of this name. */
    public String getDropApproved() {
        return dropApproved;
    }

    public void setDropApproved(String dropApproved) {
        this.dropApproved = dropApproved;
    }

    /** The parameter of this name. */
    public String getRetireApproved() {
        return retireApproved;
    }

    public void setRetireApproved(String retireApproved) {
        this.retireApproved = retireApproved;
    }

    /** The parameter of this name. */
    public String getRestartCopy() {
        return restartCopy;
    }

    public void setRestartCopy(String restartCopy) {
        this.restartCopy = restartCopy;
    }

    /** The parameter of this name. */
    public String getSwapBack() {
        return swapBack;
    }

    public void setSwapBack(String swapBack) {
        this.swapBack = swapBack;
    }

    @Override
    public void check(Database database, DatabaseChangeLog changeLog, ChangeSet changeSet, ChangeExecListener listener)
            throws PreconditionFailedException, PreconditionErrorException {
        DatabaseChangeLog root = changeLog.getRootChangeLog();
        BegunOtherwise.refuse(root, database);
        if (namesNone() || !isFirstOfItsKind(root.getPreconditions())) {
            return;
        }
        Set<QualifiedName> here = tablesOf(root, database);
        Set<QualifiedName> all = new LinkedHashSet<>(here);
        try {
            all.addAll(begun(database));
        } catch (SQLException | DatabaseException e) {
            throw new PreconditionErrorException(e, changeLog, this);
        }
        for (String parameter : List.of("swapBack", "restartCopy")) {
            refuseUnknown(parameter, all, changeLog);
        }
        for (String parameter : List.of("swapApproved", "dropApproved", "retireApproved")) {
            tellUnknown(parameter, all);
        }
        parameters().keySet().forEach(parameter -> tellOthers(parameter, here, all));
    }

    private Map<String, String> parameters() {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("swapApproved", swapApproved);
        parameters.put("dropApproved", dropApproved);
        parameters.put("retireApproved", retireApproved);
        parameters.put("restartCopy", isYesOrNo(restartCopy) ? "" : restartCopy);
        parameters.put("swapBack", swapBack);
        return parameters;
    }

    /** As an attribute of the copy, the parameter can be true or false, and then names no table. */
    private static boolean isYesOrNo(String text) {
        return "true".equalsIgnoreCase(text) || "false".equalsIgnoreCase(text);
    }

    private TableSelection selection(String parameter) {
        return TableSelection.parse(parameters().get(parameter));
    }

    private boolean namesNone() {
        return parameters().values().stream()
                .allMatch(text -> TableSelection.parse(text).isEmpty());
    }

    /**
     * If one changelog contains several generated ones, each has this precondition; one reports for all that get the
     * same question.
     */
    private boolean isFirstOfItsKind(PreconditionLogic preconditions) {
        List<TablesKnownPrecondition> found = new ArrayList<>();
        collect(preconditions, found);
        return found.stream()
                .filter(it -> Objects.equals(it.parameters(), parameters()))
                .findFirst()
                .filter(it -> it != this)
                .isEmpty();
    }

    private static void collect(Precondition precondition, List<TablesKnownPrecondition> found) {
        if (precondition instanceof TablesKnownPrecondition known) {
            found.add(known);
        } else if (precondition instanceof PreconditionLogic logic) {
            logic.getNestedPreconditions().forEach(nested -> collect(nested, found));
        }
    }

    private static Set<QualifiedName> tablesOf(DatabaseChangeLog root, Database database) {
        Set<QualifiedName> tables = new LinkedHashSet<>();
        root.getChangeSets().stream()
                .flatMap(Step::of)
                .filter(step -> step.getTableName() != null)
                .forEach(step -> tables.add(step.source(database)));
        return tables;
    }

    private List<QualifiedName> begun(Database database) throws SQLException, DatabaseException {
        if (!LiquibaseEnvironment.isOnline(database)) {
            return List.of();
        }
        return Reconnection.of(database, getName()).until(() -> {
            Session session = new Session(LiquibaseEnvironment.connection(database));
            return session.whilePinned(() -> new Migrations(session, LiquibaseEnvironment.state(database)).sources());
        });
    }

    private void refuseUnknown(String parameter, Collection<QualifiedName> tables, DatabaseChangeLog changeLog)
            throws PreconditionFailedException {
        for (String name : selection(parameter).namesOtherThan(tables)) {
            throw new PreconditionFailedException(
                    "%s names %s, and no table of that name is migrated here. Nothing was done. %s"
                            .formatted(parameter, name, meant(parameter, name, tables)),
                    changeLog,
                    this);
        }
    }

    private void tellUnknown(String parameter, Collection<QualifiedName> tables) {
        for (String name : selection(parameter).namesOtherThan(tables)) {
            tell("%s names %s, and no table of that name is migrated here, so that it approves nothing. %s"
                    .formatted(parameter, name, meant(parameter, name, tables)));
        }
    }

    private void tellOthers(String parameter, Collection<QualifiedName> here, Collection<QualifiedName> all) {
        List<String> unknown = selection(parameter).namesOtherThan(all);
        for (String name : selection(parameter).namesOtherThan(here)) {
            if (!unknown.contains(name)) {
                tell(
                        "%s names %s, which this changelog does not migrate, so that this update does nothing about it. Update with the changelog that does, or leave it out."
                                .formatted(parameter, name));
            }
        }
    }

    private static String meant(String parameter, String name, Collection<QualifiedName> tables) {
        if (tables.isEmpty()) {
            return "There is none. Leave out %s.".formatted(parameter);
        }
        List<String> names = tables.stream()
                .map(table ->
                        name.contains(".") ? table.toString() : table.name().name())
                .distinct()
                .toList();
        return "Did you mean %s? There are: %s."
                .formatted(
                        Attributes.nearest(name, names),
                        String.join(
                                ", ",
                                tables.stream()
                                        .map(QualifiedName::toString)
                                        .sorted()
                                        .toList()));
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = new ValidationErrors(this);
        if (!(database instanceof PostgresDatabase)) {
            errors.addError(getName() + " works on PostgreSQL only");
        }
        return errors;
    }

    @Override
    public String toString() {
        return getName();
    }
}
