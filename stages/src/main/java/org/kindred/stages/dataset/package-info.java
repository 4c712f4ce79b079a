/**
 * Reading a Dataset: shared by the stages that need its images.
 *
 * <p>Use {@link org.kindred.stages.dataset.DatasetReader} for random access to the images of one
 * split.
 *
 * <p>Guarantees: images stay in memory-mapped files; only ids and labels of the split are on the
 * heap (12 bytes an example).
 *
 * <p>Threading: a reader may be used by many threads.
 */
package org.kindred.stages.dataset;
