/**
 * A sample of a table's rows, taken before the whole table is read: which rows it takes, how it reads them without
 * blocking anybody, and how many of them would be in the default partition.
 *
 * <p>Reads at most a few thousand rows, in at most a few seconds, and either all of them or none. Does not own what all
 * rows say ({@code verify}), nor where people are told of it. Called by {@code survey}, and by the generator's
 * {@code plan}, which prints what a sample says, and {@code inspect}, which reads the range of times out of one.
 */
package liquibase.ext.partition.engine.survey.sample;
