/**
 * Images and how they become views.
 *
 * <p>Use {@link org.kindred.stages.image.ImageDecoder} to turn JPEG and PNG bytes into pixels,
 * {@link org.kindred.stages.image.Recipes} to resolve a configured recipe, and {@link
 * org.kindred.stages.image.ViewMaker} to make the views of a recipe. The same view maker serves the
 * stage that stores views and the training that makes them as it goes, so that both see the same
 * bytes.
 *
 * <p>Guarantees: a view is a pure function of recipe, source image, seed, epoch, example id and
 * view number, the same bytes on every machine and at every parallelism. All arithmetic is plain
 * Java {@code float} and {@code double}, which is exactly specified, and {@link StrictMath};
 * nothing depends on what was made before. An image that cannot be read whole is refused with a
 * reason, never guessed at.
 *
 * <p>Threading: {@link org.kindred.stages.image.RgbImage}, {@link
 * org.kindred.stages.image.ImageDecoder} and {@link org.kindred.stages.image.Recipes} may be
 * shared; a {@link org.kindred.stages.image.ViewMaker} holds scratch memory and belongs to one
 * thread.
 *
 * <p>Papers: the crop is that of C. Szegedy et al., "Going Deeper with Convolutions", CVPR 2015,
 * section 6; the recipes are those of Z. Wu et al., CVPR 2018 (InstDisc), M. Ye et al., CVPR 2019
 * (InvaSpread), X. Chen et al., 2020 (MoCo v2), M. Caron et al., NeurIPS 2020 (SwAV), and T. Chen
 * et al., ICML 2020 (SimCLR).
 */
package org.kindred.stages.image;
