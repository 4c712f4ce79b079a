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
 * <p>A network is a backbone and a head: {@link org.kindred.models.network.Networks} says which
 * there are. {@link org.kindred.models.network.TorchvisionWeights} takes a residual network's
 * backbone from other frameworks and gives it to them. {@link
 * org.kindred.models.network.NetworkSize} says what a network costs before there is one.
 *
 * <p>Internal to {@code tf-models} where signatures name TensorFlow types; {@code NetworkSize},
 * {@code TorchvisionWeights} and what {@code Networks} says of a configuration are for other
 * modules too. Instances are immutable and may be shared by threads.
 *
 * <p>Papers: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR
 * 2016, its ImageNet form and the CIFAR form that InstDisc, InvaSpread and Invariance Propagation
 * use. A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet Classification with Deep Convolutional
 * Neural Networks", NIPS 2012. K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for
 * Large-Scale Image Recognition", ICLR 2015. S. Ioffe, C. Szegedy, "Batch Normalization", ICML
 * 2015.
 */
package org.kindred.models.network;
