/**
 * What a running stage counts and shows through its runner.
 *
 * <p>Use {@link org.kindred.stages.metrics.StageMetrics} for every Beam metric. Metrics are for
 * watching: what must be right, such as the number of rejects, stands in the artifact, because a
 * runner that repeats work may count it twice.
 *
 * <p>Threading: metrics are updated on the thread that a runner calls.
 */
package org.kindred.stages.metrics;
