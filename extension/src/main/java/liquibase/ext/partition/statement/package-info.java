/**
 * How a step runs and is printed inside Liquibase, which asks a change for statements and for nothing else.
 *
 * <p>{@code EngineStatement} and {@code TagStatement} do work where Liquibase expects a statement
 * ({@code WorkStatement}); {@code PrintedStep} is a step in a script; {@code OutOfResources} explains what the server
 * lacked.
 *
 * <p>Does not own the work ({@code engine}), the shape of a step ({@code step}), nor how a lost connection is replaced
 * ({@code connection}). Called by {@code change}.
 */
package liquibase.ext.partition.statement;
