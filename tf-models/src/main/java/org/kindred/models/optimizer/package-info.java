/**
 * How weights move: stochastic gradient descent with momentum, and the learning rate over time.
 *
 * <p>The learning rate multiplies the momentum buffer and is not part of it, so that a drop takes
 * effect at once. Weight decay is an L2 term in the gradient of every parameter, batch norm and
 * biases included, as in the reference implementations of the methods.
 *
 * <p>{@link org.kindred.models.optimizer.LearningRate} is plain Java; {@link
 * org.kindred.models.optimizer.MomentumSgd} is internal to {@code tf-models}, its signatures name
 * TensorFlow types. Instances are immutable and may be shared by threads.
 *
 * <p>Paper: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and
 * momentum in deep learning", ICML 2013.
 */
package org.kindred.models.optimizer;
