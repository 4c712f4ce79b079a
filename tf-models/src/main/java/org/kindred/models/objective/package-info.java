/**
 * What pretraining learns: objectives that need no labels.
 *
 * <p>To add one: a config message in the {@code oneof} of {@code Objective}, and a class that
 * implements {@link org.kindred.models.objective.TrainingObjective}, found by the message's name.
 * State that lives between steps is declared as named variables, or as tables on the host, and is
 * then checkpointed and restored with no further code.
 *
 * <p>Internal to {@code tf-models}: signatures here name TensorFlow types. Instances are immutable
 * and may be shared by threads.
 *
 * <p>Papers: Z. Wu, Y. Xiong, S. Yu, D. Lin, "Unsupervised Feature Learning via Non-Parametric
 * Instance Discrimination", CVPR 2018; M. Ye, X. Zhang, P. Yuen, S.-F. Chang, "Unsupervised
 * Embedding Learning via Invariant and Spreading Instance Feature", CVPR 2019; M. Caron, I. Misra,
 * J. Mairal, P. Goyal, P. Bojanowski, A. Joulin, "Unsupervised Learning of Visual Features by
 * Contrasting Cluster Assignments", NeurIPS 2020 (SwAV, DeepCluster-v2); K. He, H. Fan, Y. Wu, S.
 * Xie, R. Girshick, "Momentum Contrast for Unsupervised Visual Representation Learning", CVPR 2020;
 * T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A Simple Framework for Contrastive Learning of
 * Visual Representations", ICML 2020; J. Li, P. Zhou, C. Xiong, S. Hoi, "Prototypical Contrastive
 * Learning of Unsupervised Representations", ICLR 2021; F. Schroff, D. Kalenichenko, J. Philbin,
 * "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015; S. Gidaris, P.
 * Singh, N. Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations", ICLR
 * 2018.
 */
package org.kindred.models.objective;
