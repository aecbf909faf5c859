package liquibase.ext.partition.endtoend;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;

/**
 * Liquibase's command line in a JVM that keeps running. It reads one command per line, with tabs between the words, and
 * writes a line with the exit code after each command's output. {@link WarmCli} runs it with only Liquibase's jars in
 * the class path, so it finds the command line by name.
 */
public final class CommandLoop {

    /** The beginning of the line with the exit code. */
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
