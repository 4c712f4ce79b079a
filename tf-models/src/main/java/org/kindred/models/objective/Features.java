package org.kindred.models.objective;

import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * What a network gives for some images.
 *
 * @param embedding {@code [images, dimension]}, unit rows: the projection, normalised
 * @param projection {@code [images, dimension]}, the head's output
 * @param pooled {@code [images, width]}, the backbone's output, averaged over the image
 */
public record Features(
    Operand<TFloat32> embedding, Operand<TFloat32> projection, Operand<TFloat32> pooled) {}
