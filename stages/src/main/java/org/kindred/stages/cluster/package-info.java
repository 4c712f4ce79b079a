/**
 * Stage `cluster`: an EmbeddingSet becomes a Clustering by k-means.
 *
 * <p>Use this to see how well features fall into groups; `evaluate` compares the groups with
 * labels.
 *
 * <p>Guarantees: those of {@link org.kindred.models.clustering.KMeans}; centres start by k-means++
 * from draws that depend on seed and restart alone; of the restarts the one of lowest inertia is
 * kept, of equal ones the first. The rows of the clustered split are held in memory, once per
 * process: its work items take turns.
 *
 * <p>Threading: kinds of feature and groups of restarts are independent work items.
 */
package org.kindred.stages.cluster;
