package org.kindred.models.objective;

/**
 * What the cost of an objective depends on, beside its parameters.
 *
 * @param images examples that go through the network at a time
 * @param examples examples in the training set
 * @param epochs epochs of the whole training
 * @param dimension length of an embedding
 * @param pooled length of the backbone's output
 * @param parameters trainable values of the network
 * @param statistics values that the network keeps up to date without learning them
 */
public record Extent(
    int images,
    int examples,
    int epochs,
    int dimension,
    int pooled,
    long parameters,
    long statistics) {}
