/**
 * Nearest neighbours of the rows of a matrix, by cosine or Euclidean distance: exact, or
 * approximate with a recall that is measured.
 *
 * <p>Use this when a stage needs the k most similar rows of each row: the neighbour graph, a kNN
 * vote, retrieval. {@link org.kindred.models.neighbors.ExactSearch} compares tiles, {@link
 * org.kindred.models.neighbors.ClusteredSearch} looks into the clusters nearest to a row, as many
 * as {@link org.kindred.models.neighbors.RecallCurve} says, {@link
 * org.kindred.models.neighbors.NeighborLists} carries what was found between workers and merges it.
 * {@link org.kindred.models.neighbors.Propagation} walks the graph of what was found, {@link
 * org.kindred.models.neighbors.Components} tells what it joins.
 *
 * <p>Guarantees: exact neighbours and all similarities are a function of the rows alone; tiles,
 * order of merging, threads and the matrix product's rounding do not show in them. Similarities are
 * summed in double precision and rounded to float; equal ones are ranked by position, the lower
 * first.
 *
 * <p>Threading: the search is thread-safe and spreads over the common fork-join pool; lists and
 * tiles are immutable; {@link org.kindred.models.neighbors.TopK} belongs to one thread.
 *
 * <p>The scheme, products of blocks with a selection per row, is that of J. Johnson, M. Douze, H.
 * Jégou, "Billion-scale similarity search with GPUs", IEEE Transactions on Big Data, 2021; the
 * proof by error bound is N. Higham's, "Accuracy and Stability of Numerical Algorithms", chapter 3.
 */
package org.kindred.models.neighbors;
