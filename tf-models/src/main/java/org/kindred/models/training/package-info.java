/**
 * Pretraining: the loop, the graph of a step, the preparation of batches, checkpoints.
 *
 * <p>Use {@link org.kindred.models.training.Trainer}: open it on a checkpoint directory, train with
 * a {@link org.kindred.models.training.BatchSource} and a {@link
 * org.kindred.models.training.TrainingListener}, export the SavedModel, close it. Everything
 * offered here is plain Java and protobuf messages.
 *
 * <p>Guarantees: a run that is killed and opened again ends with the same weights, bit for bit, as
 * one that was not, in 32-bit arithmetic and for a fixed number of threads, because all state
 * between steps is in the checkpoint and every random draw is a function of seed and position. A
 * checkpoint appears whole or not at all, tells the number of threads, and is of one process at a
 * time.
 *
 * <p>Threading: a trainer belongs to one thread; it calls the batch source from threads of its own.
 */
package org.kindred.models.training;
