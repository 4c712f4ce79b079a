/**
 * How a stage's pipeline is executed: in this process by Beam's DirectRunner, by Flink, or by
 * Spark.
 *
 * <p>Use {@link org.kindred.runners.job.JobRunners} to find one by its name.
 *
 * <p>Guarantees: {@code run} returns only when the job is done and throws when it failed, with what
 * a worker threw in the cause chain.
 *
 * <p>Threading: runners have no state.
 */
package org.kindred.runners.job;
