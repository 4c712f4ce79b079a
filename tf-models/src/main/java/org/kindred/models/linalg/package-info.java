/**
 * Products of matrices on TensorFlow, for nearest-neighbour search and other dense work.
 *
 * <p>Use {@link org.kindred.models.linalg.MatrixProduct}. An element of a product is a function of
 * its two rows alone: the same bits whatever blocks the matrices are cut into, and however many
 * threads there are.
 *
 * <p>Threading: everything here may be used from several threads at a time, as long as nothing is
 * used after its close.
 */
package org.kindred.models.linalg;
