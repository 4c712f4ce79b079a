/**
 * Reading an EmbeddingSet: shared by the stages that compare features.
 *
 * <p>Use {@link org.kindred.stages.features.FeatureReader} for the rows of one split in one kind of
 * feature.
 *
 * <p>Guarantees: vectors stay in memory-mapped files until they are asked for; ids and labels of
 * the split are on the heap (16 bytes a row).
 *
 * <p>Threading: a reader may be used by many threads.
 */
package org.kindred.stages.features;
