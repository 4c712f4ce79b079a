/**
 * Stage `ingest`: images from outside become a Dataset.
 *
 * <p>Use this for the first step of an experiment. It reads CIFAR-10's binary files, and folders or
 * zip files of JPEG and PNG images.
 *
 * <p>Guarantees: ids are positions in the source's own order, records that were refused included,
 * so that they do not depend on how the work was cut. A record that can't be used goes to the table
 * `rejects` with its reason; the stage fails when their share exceeds the configured one, and when
 * a file cannot be read at all. No more of a file is read than the configured bytes, and no pixels
 * are allocated for an image that declares too large a size.
 *
 * <p>Threading: work items are independent of each other.
 */
package org.kindred.stages.ingest;
