/**
 * Features of images from a trained network, or from the same network before training.
 *
 * <p>Use {@link org.kindred.models.inference.Encoder}, which computes the layers that a call names
 * and no other. A SavedModel written here holds the weights as constants, so that TensorFlow folds
 * batch norm into the convolutions; the same weights give the same bytes.
 *
 * <p>Threading: an encoder may be called from any number of threads, and what it returns does not
 * depend on how many there are.
 */
package org.kindred.models.inference;
