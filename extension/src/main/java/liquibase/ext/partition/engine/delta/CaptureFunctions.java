package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlFragment;

/** The functions that the triggers of a capture call: one records a row, the other refuses TRUNCATE. */
record CaptureFunctions(Capture capture) {
    /**
     * An update leaves one row if it changed neither the key nor the partition-key value. The function compares the
     * images of these values, since every type has one; the casts keep the parser from comparing column by column.
     *
     * <p>Somebody who does not know of the capture may rename or drop a column that identifies the rows, or change its
     * type. No write may fail because of that, so the function reads the fields in a block that catches the error. The
     * block writes nothing, so its subtransaction needs no id. Its cost, as processor time of the backend on PostgreSQL
     * 15, on a narrow table with one index, as medians of interleaved ratios to the same function without the block:
     * 1.01 for a transaction of one row; 1.27 per row of a statement that inserts 20,000, 1.21 of one that updates
     * them, 1.15 of one that moves them to another month, 1.28 of one that deletes them. That is two to three
     * microseconds a row.
     *
     * <p>If the fields cannot be read as before, the function tries a newly planned statement: a plan that the session
     * has kept does not survive a change of type, although the value may still fit. If that fails too, the function
     * leaves a row in the table of {@link MissedWrites}, which stops every step that relies on capture. This is a
     * separate table because no row of the delta table could stand for such a write: a domain may refuse NULL. Each
     * such write leaves its own row. If a write relied on an earlier row, it would be forgotten together with that row.
     *
     * <p>With an argument, the function serves a table whose rows other triggers take out again and insert into a
     * child, where they are captured. A row that a transaction has inserted there and taken out itself need not be
     * captured: the deletion records which row is gone, and the trigger of the insertion, which fires later, checks
     * whether it is that row. Nothing is inserted at the same {@code ctid} of the same table before the transaction
     * ends, and the setting ends with the transaction or the subtransaction. In doubt the row is captured.
     *
     * <p>The function is SECURITY DEFINER whoever may write the table today: a role that is granted the right tomorrow
     * has no rights on the delta table, and its writes must not fail. The function can only be called as a trigger,
     * pins its {@code search_path} and qualifies every name.
     */
    private static final Sql CREATE_CAPTURE_FUNCTION = Sql.of("""
            {create} FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {quote}
            DECLARE
              one {delta}%ROWTYPE;
              other {delta}%ROWTYPE;
              has_moved pg_catalog.bool := false;
            BEGIN
              IF TG_NARGS > 0 AND TG_OP = 'DELETE' THEN
                PERFORM pg_catalog.set_config('liquibase_partition.passed_on', TG_RELID || ' ' || OLD.ctid::pg_catalog.text, true);
                IF OLD.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid THEN
                  RETURN NULL;
                END IF;
              ELSIF TG_NARGS > 0 AND TG_OP = 'INSERT'
                    AND pg_catalog.current_setting('liquibase_partition.passed_on', true) = TG_RELID || ' ' || NEW.ctid::pg_catalog.text THEN
                RETURN NULL;
              END IF;
              BEGIN
                IF TG_OP = 'INSERT' THEN
                  one := ROW({new});
                ELSE
                  one := ROW({old});
                  IF TG_OP = 'UPDATE' THEN
                    other := ROW({new});
                    has_moved := other::pg_catalog.record OPERATOR(pg_catalog.*<>) one::pg_catalog.record;
                  END IF;
                END IF;
              EXCEPTION WHEN OTHERS THEN
                BEGIN
                  IF TG_OP <> 'INSERT' THEN
                    EXECUTE {insert} USING OLD;
                  END IF;
                  IF TG_OP <> 'DELETE' THEN
                    EXECUTE {insert} USING NEW;
                  END IF;
                EXCEPTION WHEN OTHERS THEN
                  INSERT INTO {missed} (cause) VALUES (pg_catalog.left(SQLERRM, 200));
                END;
                RETURN NULL;
              END;
              INSERT INTO {segment} ({columns}) VALUES ({one});
              IF has_moved THEN
                INSERT INTO {segment} ({columns}) VALUES ({other});
              END IF;
              RETURN NULL;
            END
            {quote}""");

    private static final Sql INSERT_ANEW = Sql.of("INSERT INTO {delta} ({columns}) SELECT {fields}");

    private static final Sql CREATE_REFUSAL_FUNCTION = Sql.of("""
            CREATE FUNCTION {function}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $refuse$
            BEGIN
              RAISE EXCEPTION 'TRUNCATE of %.% is refused while it is being partitioned: it would bypass change capture, and the truncated rows would come back.', TG_TABLE_SCHEMA, TG_TABLE_NAME
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'DELETE the rows, or take the migration back with liquibase rollback first.';
            END
            $refuse$""");

    /** Goes by the function's text, so that the answer is right whoever has made the function. */
    private static final Sql CAPTURES_INTO = Sql.of("""
            SELECT pg_catalog.strpos(p.prosrc, {insert}) > 0 FROM pg_catalog.pg_proc AS p
            WHERE p.oid OPERATOR(pg_catalog.=) pg_catalog.to_regprocedure({capture})""");

    /** The statements that make them; writers' keys go into the delta table itself. */
    List<Sql> createStatements() {
        return List.of(
                captureFunction(Sql.raw("CREATE"), capture.delta()),
                CREATE_REFUSAL_FUNCTION.with("function", capture.refusalFunction()));
    }

    /** The statement that sends writers' keys into {@code segment} from now on. No writer waits for it. */
    Sql captureInto(QualifiedName segment) {
        return captureFunction(Sql.raw("CREATE OR REPLACE"), segment);
    }

    private Sql captureFunction(Sql create, QualifiedName segment) {
        return CREATE_CAPTURE_FUNCTION
                .with("create", create)
                .with("quote", Sql.dollarQuote("capture", Sql.list(names())))
                .with("function", capture.captureFunction())
                .with("delta", capture.delta())
                .with("segment", segment)
                .with("columns", Sql.list(capture.columns()))
                .with("missed", capture.missed().table())
                .with("old", Sql.list("OLD", capture.columns()))
                .with("new", Sql.list("NEW", capture.columns()))
                .with("one", Sql.list("one", capture.columns()))
                .with("other", Sql.list("other", capture.columns()))
                .with(
                        "insert",
                        Sql.literal(INSERT_ANEW
                                .with("delta", segment)
                                .with("columns", Sql.list(capture.columns()))
                                .with("fields", Sql.list("($1)", capture.columns()))
                                .script()));
    }

    /** Whether writers' keys go into {@code segment}. */
    boolean capturesInto(Session session, QualifiedName segment) throws SQLException {
        return session.queryBoolean(CAPTURES_INTO
                .with("capture", capture.captureFunction().quoted() + "()")
                .with("insert", "INSERT INTO %s (".formatted(segment.quoted())));
    }

    /** All names in the function's body that a user has chosen. */
    private List<SqlFragment> names() {
        List<SqlFragment> names = new ArrayList<>(capture.columns());
        names.addAll(capture.segments());
        names.add(capture.missed().table());
        return names;
    }
}
