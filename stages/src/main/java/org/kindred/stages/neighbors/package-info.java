/**
 * Reading a NeighborGraph: shared by the stages that walk or cluster it.
 *
 * <p>Use {@link org.kindred.stages.neighbors.GraphReader} for neighbours by position, together with
 * the features that they were found by.
 *
 * <p>Guarantees: neighbours stay in memory-mapped files until they are asked for; a graph whose
 * nodes are not the rows of the features is refused.
 *
 * <p>Threading: a reader may be used by many threads.
 */
package org.kindred.stages.neighbors;
