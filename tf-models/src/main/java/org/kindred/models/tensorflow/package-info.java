/**
 * What the other packages of this module share of TensorFlow: sessions, named weights, native
 * memory.
 *
 * <p>Internal to {@code tf-models}: signatures here name TensorFlow types, which no other module
 * may import. Sessions run in graph mode.
 *
 * <p>Threading: TensorFlow has one pool of threads for the operations of the whole process, sized
 * by the first session; see {@link org.kindred.models.tensorflow.Sessions}. A graph is built by one
 * thread; a session may be run by many.
 */
package org.kindred.models.tensorflow;
