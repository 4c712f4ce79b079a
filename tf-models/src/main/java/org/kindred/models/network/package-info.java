/**
 * Networks that map images to embeddings.
 *
 * <p>Use {@link org.kindred.models.network.Networks} to get the network of a configuration. A
 * network is a recipe: it adds its operations to a graph, once for training and as often as wanted
 * for evaluation, all on the same {@link org.kindred.models.tensorflow.Weights}. The same (network,
 * seed) always gives the same initial weights, so the untrained network need not be stored. {@link
 * org.kindred.models.network.FrozenNetwork} is a network with its weights as constants, and how it
 * becomes a SavedModel.
 *
 * <p>Internal to {@code tf-models}: signatures here name TensorFlow types. Instances are immutable
 * and may be shared by threads.
 *
 * <p>Papers: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR
 * 2016; in the CIFAR form that InstDisc, InvaSpread and Invariance Propagation use.
 */
package org.kindred.models.network;
