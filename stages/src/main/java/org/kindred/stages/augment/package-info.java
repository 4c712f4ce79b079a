/**
 * Stage `augment`: a Dataset's images become a ViewSet of augmented views.
 *
 * <p>Use this when one machine's processors can't feed its accelerator, to look at a recipe's
 * views, or to train on views that another team made. Without it `pretrain` makes the same views
 * while it trains.
 *
 * <p>Guarantees: a view is a pure function of (recipe, seed, epoch, example id, view number): the
 * bytes are the same here, in training, on every runner and at every parallelism.
 *
 * <p>Threading: work items are independent of each other.
 */
package org.kindred.stages.augment;
