package liquibase.ext.partition.change;

import java.util.Optional;
import java.util.regex.Pattern;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.TypedColumn;
import liquibase.ext.partition.engine.newtable.ColumnChange;

/** The type that {@code createPartitionedTable} gives to a column. */
public class NewColumn extends TypedColumn {
    /** Strings, names and comments, in which a question mark means itself, to the driver too. */
    private static final Pattern QUOTED = Pattern.compile("""
            \\b[eE]'(?:[^'\\\\]|\\\\.|'')*+'|'(?:[^']|'')*+'|"(?:[^"]|"")*+"|\\$(\\w*)\\$.*?\\$\\1\\$|--[^\\n]*|/\\*.*?\\*/""", Pattern.DOTALL);

    private String using;
    private String reverseUsing;

    /** An expression over the column that gives the new value; null for a cast. */
    public String getUsing() {
        return using;
    }

    public void setUsing(String using) {
        this.using = using;
    }

    /** An expression over the new value that gives the old one back; null for a cast. */
    public String getReverseUsing() {
        return reverseUsing;
    }

    public void setReverseUsing(String reverseUsing) {
        this.reverseUsing = reverseUsing;
    }

    /** @throws IllegalArgumentException with a message for people, when something is missing */
    ColumnChange change() {
        String name = getName();
        String type = getType();
        if (name == null || type == null) {
            throw new IllegalArgumentException("a column needs a name and a type.");
        }
        if (reverseUsing != null && using == null) {
            throw new IllegalArgumentException(
                    "column %s has reverseUsing without using; say how it is converted first.".formatted(name));
        }
        refuseParameter("using", using);
        refuseParameter("reverseUsing", reverseUsing);
        return new ColumnChange(
                Attributes.name("column", name), type, Optional.ofNullable(using), Optional.ofNullable(reverseUsing));
    }

    private void refuseParameter(String attribute, String expression) {
        if (expression != null && QUOTED.matcher(expression).replaceAll(" ").indexOf('?') >= 0) {
            throw new IllegalArgumentException(
                    "%s of column %s has a question mark, which the JDBC driver takes for a parameter; write the function instead of the operator, as jsonb_exists(a, b) for a ? b."
                            .formatted(attribute, getName()));
        }
    }
}
