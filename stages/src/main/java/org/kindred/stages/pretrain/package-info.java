/**
 * Stage `pretrain`: a Dataset, and views of it if there are some, become a Model.
 *
 * <p>Use this to learn a representation without labels. Views are made while the network trains, or
 * read from a ViewSet that has them: the bytes are the same.
 *
 * <p>A backbone may start from weights of another framework ({@code initial_weights}), and leaves
 * for others by {@link org.kindred.stages.pretrain.BackboneExport}.
 *
 * <p>Guarantees: on a CPU in float32, for a fixed number of threads, the same configuration and
 * seed give the same weights bit by bit, also when the training was killed and resumed from its
 * last checkpoint. Checkpoints are kept until the Model is published, and belong to one process at
 * a time: a second one that would train the same is refused. Labels are never used to learn; the
 * kNN monitor uses labels of the training split alone.
 *
 * <p>Threading: one work item; batches are prepared on threads of their own while a step runs.
 *
 * <p>Papers: see {@code org.kindred.models.objective}.
 */
package org.kindred.stages.pretrain;
