package liquibase.ext.partition.engine.sql;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The questions on which something rests, and the server's answers. To find out under a lock whether it still holds,
 * the same questions are asked again. This needs no list of catalogs to watch, which would forget one, and nothing has
 * to be made anew while others wait.
 *
 * <p>Asking again costs one round trip. After {@link #prepare} the questions are not planned again, which would
 * otherwise take most of the time.
 *
 * <p>Every question must be asked again with the same {@code search_path}.
 */
public final class Answers {
    /**
     * The thing that was made, and the answers on which it rests.
     *
     * @param made may be null
     */
    public record Of<T>(T made, Answers answers) {}

    private final List<Sql> questions;
    private final List<List<List<String>>> rows;

    /** Null while the questions are not prepared. */
    private PreparedStatements prepared;

    private Answers(List<Sql> questions, List<List<List<String>>> rows) {
        this.questions = List.copyOf(questions);
        this.rows = rows;
    }

    /** The number of different questions. */
    public int size() {
        return questions.size();
    }

    /**
     * Makes the server parse and plan the questions, and asks each once, since the first execution makes the plan. They
     * stay until {@link #release}.
     */
    public void prepare(Session session) throws SQLException {
        prepared = PreparedStatements.of(session, questions);
        session.queryAll(asked());
    }

    /** Undoes {@link #prepare}. */
    public void release(Session session) throws SQLException {
        PreparedStatements released = prepared;
        prepared = null;
        if (released != null) {
            released.release(session);
        }
    }

    /** The statements that ask again; each gives an answer. */
    public List<Sql> asked() {
        return prepared == null ? questions : prepared.executions();
    }

    /** @param now the server's answers to {@link #asked} */
    public boolean stillHold(List<List<List<String>>> now) {
        return rows.equals(now);
    }

    /** The record that {@link Session#recorded} writes. */
    static final class Record {
        private final Map<String, List<List<String>>> known = new LinkedHashMap<>();
        private final List<Sql> questions = new ArrayList<>();
        private final List<List<List<String>>> rows = new ArrayList<>();

        /**
         * Notes a question that is asked twice once, unless its answer has changed: then the answers cannot still hold.
         */
        void add(Sql question, List<List<String>> answer) {
            if (!answer.equals(known.put(question.script(), answer))) {
                questions.add(question);
                rows.add(answer);
            }
        }

        Answers answers() {
            return new Answers(questions, rows);
        }
    }
}
