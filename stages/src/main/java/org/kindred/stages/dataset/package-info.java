/**
 * Reading a Dataset: shared by the stages that need its images.
 *
 * <p>Use {@link org.kindred.stages.dataset.DatasetReader} for random access to the images of one
 * split.
 *
 * <p>Guarantees: images stay in memory-mapped files; only the split's ids, labels and image sizes
 * are on the heap.
 *
 * <p>Threading: a reader may be used by many threads.
 */
package org.kindred.stages.dataset;
