/**
 * Products of matrices on TensorFlow, for nearest-neighbour search and other dense work.
 *
 * <p>Use {@link org.kindred.models.linalg.MatrixProduct}. On the processors tried, an element of a
 * product has the same bits whatever blocks the matrices are cut into, and however many threads
 * there are; the library that multiplies does not promise it.
 *
 * <p>Threading: everything here may be used from several threads at a time, as long as nothing is
 * used after its close.
 */
package org.kindred.models.linalg;
