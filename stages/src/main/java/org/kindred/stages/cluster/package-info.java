/**
 * Stage `cluster`: an EmbeddingSet becomes a Clustering by k-means.
 *
 * <p>Use this to see how well features fall into groups; `evaluate` compares the groups with
 * labels.
 *
 * <p>Guarantees: centres start by k-means++ from draws that depend on seed and restart alone; sums
 * are taken in a fixed order; of the restarts the one of lowest inertia is kept, of equal ones the
 * first. The rows of the clustered split are held in memory, once per process: its work items take
 * turns.
 *
 * <p>Threading: kinds of feature and groups of restarts are independent work items.
 *
 * <p>Papers: S. Lloyd, "Least squares quantization in PCM", 1982; D. Arthur, S. Vassilvitskii,
 * "k-means++: the advantages of careful seeding", SODA 2007.
 */
package org.kindred.stages.cluster;
