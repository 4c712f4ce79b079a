/**
 * Stages `graph` and `propagate`: an EmbeddingSet becomes a NeighborGraph, and that a PositiveSet.
 *
 * <p>Use `graph` for the exact k nearest neighbours of every embedding, and `propagate` to find the
 * positives that invariance propagation would train on.
 *
 * <p>Guarantees: neighbours are exact, ranked by (similarity, then lower id); the data files are
 * the same at any tile size, on every runner and at every parallelism, and whether a worker holds
 * the whole graph that it walks or asks others for neighbours. Labels never choose a positive; they
 * only tell how reliable positives are.
 *
 * <p>Threading: work items are independent of each other; comparing two tiles uses all processors.
 *
 * <p>Paper: F. Wang, H. Liu, D. Guo, F. Sun, "Unsupervised Representation Learning by Invariance
 * Propagation", NeurIPS 2020.
 */
package org.kindred.stages.graph;
