/**
 * Stages `graph` and `propagate`: an EmbeddingSet becomes a NeighborGraph, and that a PositiveSet.
 *
 * <p>Use `graph` for the k nearest neighbours of every embedding, among the others or in another
 * split (a cross graph), and `propagate` to find the positives that invariance propagation would
 * train on. A search is exact unless {@code search} says otherwise. For a million rows and more,
 * {@code approximate} compares each node with the rows of a few clusters only.
 *
 * <p>Guarantees: neighbours are ranked by (similarity, then lower id), similarities are exact; the
 * data files are the same at any tile size, on every runner and at every parallelism, those of an
 * approximate graph too, and whether a worker holds the whole graph that it walks or asks others
 * for neighbours. An approximate graph tells its recall, measured on a sample of nodes against
 * exact neighbours. Labels never choose a positive; they only tell how reliable positives are.
 *
 * <p>An inverted file was chosen over a search graph (HNSW, Vamana): it is made of the same matrix
 * products as the exact search and is therefore faster for all nodes at once, needs no shared
 * structure that workers build together, and gives the same bytes however the work is spread.
 *
 * <p>Threading: work items are independent of each other; comparing two tiles uses all processors.
 *
 * <p>Paper: F. Wang, H. Liu, D. Guo, F. Sun, "Unsupervised Representation Learning by Invariance
 * Propagation", NeurIPS 2020.
 */
package org.kindred.stages.graph;
