/**
 * Products of matrices on TensorFlow and similarities of their rows, for nearest-neighbour search,
 * clustering and other dense work.
 *
 * <p>Use {@link org.kindred.models.linalg.MatrixProduct} to compare many rows, {@link
 * org.kindred.models.linalg.Similarity} to say exactly how similar two are, {@link
 * org.kindred.models.linalg.UnitRows} to give rows unit length. On the processors tried, an element
 * of a product has the same bits whatever blocks the matrices are cut into, and however many
 * threads there are; the library that multiplies does not promise it.
 *
 * <p>Threading: everything here may be used from several threads at a time, as long as nothing is
 * used after its close.
 */
package org.kindred.models.linalg;
