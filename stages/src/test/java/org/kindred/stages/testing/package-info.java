/**
 * Runs one stage as a Beam pipeline, and makes what it reads.
 *
 * <p>Use {@link org.kindred.stages.testing.StageRunner} to run a stage in a store below a temporary
 * directory, {@link org.kindred.stages.testing.CifarFiles} and {@link
 * org.kindred.stages.testing.ImageTrees} for sources of images, and {@link
 * org.kindred.stages.testing.EmbeddingSets} for vectors.
 */
package org.kindred.stages.testing;
