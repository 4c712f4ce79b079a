/**
 * Stage `cluster`: an EmbeddingSet becomes a Clustering by k-means; or a NeighborGraph of it, by
 * its components or peaks of density.
 *
 * <p>Use this to see how well features fall into groups; `evaluate` compares the groups with
 * labels. With `balanced` the groups have equal sizes; with `graph` they are the regions of high
 * density that invariance propagation walks in.
 *
 * <p>Guarantees: those of {@link org.kindred.models.clustering}; centres start from draws that
 * depend on seed and restart alone; of the restarts the one of lowest inertia is kept, of equal
 * ones the first. The rows of the clustered split are held in memory, once per process, whose work
 * items take turns; or, where they do not fit, spread over the workers, to the same bytes.
 *
 * <p>Threading: kinds of feature and groups of restarts are independent work items; spread, shards
 * of rows are.
 */
package org.kindred.stages.cluster;
