package liquibase.ext.partition.endtoend;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;

/**
 * Liquibase's command line in a JVM that goes on: a command a line, its words with tabs between them; after its output
 * a line with the exit code. Run by {@link WarmCli} with Liquibase's jars alone in the class path, so the command line
 * is found by name.
 */
public final class CommandLoop {

    /** Begins the line with the exit code. */
    static final String END = "\u0001 exit code ";

    private CommandLoop() {}

    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        Class<?> commandLine = Class.forName("liquibase.integration.commandline.LiquibaseCommandLine");
        Method execute = commandLine.getMethod("execute", String[].class);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            Object exitCode = execute.invoke(commandLine.getConstructor().newInstance(), (Object) line.split("\t"));
            System.err.flush();
            System.out.println(END + exitCode);
            System.out.flush();
        }
    }
}
