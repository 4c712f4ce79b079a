/**
 * Stage `extract`: a Model and a Dataset become an EmbeddingSet.
 *
 * <p>Use this to get features of every image, of every split, from chosen layers; with `baselines`
 * the same network's features before training and the images' own pixels come along, so that
 * evaluation never shows a number alone.
 *
 * <p>Guarantees: images go through the network in batches that depend neither on the runner's
 * parallelism nor on the size of data files, so that the same machine type gives the same bytes. A
 * row with a value that is not finite is refused in every table.
 *
 * <p>Threading: work items are independent of each other; each worker has a network of its own.
 */
package org.kindred.stages.extract;
