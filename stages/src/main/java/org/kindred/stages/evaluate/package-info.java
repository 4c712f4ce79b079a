/**
 * Stage `evaluate`: an EmbeddingSet, and a Clustering if there is one, become an Evaluation.
 *
 * <p>Use this to see what features are worth: weighted kNN accuracy of one split against another,
 * what a linear probe that was fitted to the one reads from the other, and how clusters agree with
 * labels. The baselines that the EmbeddingSet holds, the untrained network and the pixels, are
 * measured by the same protocol, and every number carries its protocol.
 *
 * <p>Guarantees: neighbours are exact, ties go to the lower id and the lower class; the numbers do
 * not depend on how the work was cut, nor on processors and threads. A query never sits in the
 * base: splits are disjoint.
 *
 * <p>Threading: work items are independent of each other.
 *
 * <p>Papers: Z. Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance
 * Discrimination", CVPR 2018, section 3.4 (weighted kNN); F. Wang, H. Liu, D. Guo, F. Sun,
 * "Unsupervised Representation Learning by Invariance Propagation", NeurIPS 2020 (linear probe;
 * here on features without augmentation).
 */
package org.kindred.stages.evaluate;
