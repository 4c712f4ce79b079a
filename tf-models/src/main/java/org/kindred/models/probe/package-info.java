/**
 * Linear probe: what a linear classifier reads from features that stay as they are.
 *
 * <p>Use this to say what a representation is worth: {@link
 * org.kindred.models.probe.SoftmaxRegression} learns from one split, {@link
 * org.kindred.models.probe.LinearClassifier} measures another. This is the fast variant, on
 * features that were computed once and without augmentation; its figures are not those of the
 * published protocols, which augment.
 *
 * <p>Guarantees: rows are read where they are, a batch at a time, so that the memory needed does
 * not grow with their number, but for 4 bytes each. The result is a function of rows, labels and
 * configuration alone; processors and threads do not show in it. Ties go to the lower class.
 *
 * <p>Threading: everything public here may be used from several threads at a time, on rows that may
 * be. Learning and measuring spread over the common fork-join pool; rows are read by the caller.
 *
 * <p>Papers: R. Zhang, P. Isola, A. Efros, "Colorful image colorization", ECCV 2016 (linear
 * classifiers on frozen features); F. Wang, H. Liu, D. Guo, F. Sun, "Unsupervised representation
 * learning by invariance propagation", NeurIPS 2020 (epochs, batch size and momentum of the
 * defaults).
 */
package org.kindred.models.probe;
