package liquibase.ext.partition.engine.sql;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The questions that something was made of, and what the server answered. Whoever must know, under a lock, whether that
 * something is still right asks the same again: no list of catalogs to watch, which would forget one, and nothing that
 * would have to be made anew while others wait.
 *
 * <p>To ask again costs one round trip, and no planning of the questions where {@link #prepare} was called before;
 * without it that takes most of the time.
 *
 * <p>Every question must be asked with the same {@code search_path} again.
 */
public final class Answers {
    /**
     * What was made, and of which answers.
     *
     * @param made may be null
     */
    public record Of<T>(T made, Answers answers) {}

    private final List<Sql> questions;
    private final List<List<List<String>>> rows;
    private Optional<PreparedStatements> prepared = Optional.empty();

    private Answers(List<Sql> questions, List<List<List<String>>> rows) {
        this.questions = List.copyOf(questions);
        this.rows = rows;
    }

    /** How many different questions there are. */
    public int size() {
        return questions.size();
    }

    /**
     * Has the server parse and plan the questions, and asks each once, since a plan is made by the first who asks.
     * Until {@link #release}.
     */
    public void prepare(Session session) throws SQLException {
        prepared = Optional.of(PreparedStatements.of(session, questions));
        session.queryAll(asked());
    }

    /** Undoes {@link #prepare}. */
    public void release(Session session) throws SQLException {
        Optional<PreparedStatements> released = prepared;
        prepared = Optional.empty();
        if (released.isPresent()) {
            released.get().release(session);
        }
    }

    /** The statements that ask again, of which each gives an answer. */
    public List<Sql> asked() {
        return prepared.map(PreparedStatements::executions).orElse(questions);
    }

    /** @param now what the server says to {@link #asked} */
    public boolean stillHold(List<List<List<String>>> now) {
        return rows.equals(now);
    }

    /** Written by {@link Session#recorded}. */
    static final class Record {
        private final Map<String, List<List<String>>> known = new LinkedHashMap<>();
        private final List<Sql> questions = new ArrayList<>();
        private final List<List<List<String>>> rows = new ArrayList<>();

        /**
         * A question that is asked twice is noted once, unless the answer is another one: then it cannot still hold.
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
