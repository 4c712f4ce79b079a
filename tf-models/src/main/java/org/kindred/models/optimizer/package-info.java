/**
 * How weights move: stochastic gradient descent with momentum, its layer-wise scaling, and the
 * learning rate over time.
 *
 * <p>The learning rate multiplies the momentum buffer and is not part of it, so that a drop takes
 * effect at once. Weight decay is an L2 term in the gradient of every parameter, batch norm and
 * biases included, as in the reference implementations of the methods. A parameter that is frozen
 * in a step is not touched in it, nor is its momentum.
 *
 * <p>{@link org.kindred.models.optimizer.LearningRate} is plain Java; {@link
 * org.kindred.models.optimizer.MomentumSgd} is internal to {@code tf-models}, its signatures name
 * TensorFlow types. Instances are immutable and may be shared by threads.
 *
 * <p>Papers: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and
 * momentum in deep learning", ICML 2013; Y. You, I. Gitman, B. Ginsburg, "Large batch training of
 * convolutional networks", 2017 (LARS); I. Loshchilov, F. Hutter, "SGDR: stochastic gradient
 * descent with warm restarts", ICLR 2017 (cosine, restarts).
 */
package org.kindred.models.optimizer;
