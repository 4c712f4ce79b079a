/**
 * What pretraining learns: objectives that need no labels.
 *
 * <p>To add one: a config message in the {@code oneof} of {@code Objective}, and a class that
 * implements {@link org.kindred.models.objective.TrainingObjective}, found by the message's name.
 * State that lives between steps is declared as named variables, or as tables on the host, and is
 * then checkpointed and restored with no further code.
 *
 * <p>Callers outside of {@code tf-models} need {@link org.kindred.models.objective.Objectives},
 * {@link org.kindred.models.objective.Crop} and {@link org.kindred.models.objective.PositiveLists};
 * the signatures of the rest name TensorFlow types and are internal to it. Objectives are immutable
 * and may be shared by threads; a {@link org.kindred.models.objective.TrainingStep} and its {@link
 * org.kindred.models.objective.IntTable}s belong to the thread that trains.
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
 * 2018; F. Wang, H. Liu, D. Guo, F. Sun, "Unsupervised Representation Learning by Invariance
 * Propagation", NeurIPS 2020 (InvP); A. Dosovitskiy, J. Springenberg, M. Riedmiller, T. Brox,
 * "Discriminative Unsupervised Feature Learning with Convolutional Neural Networks", NeurIPS 2014
 * (Exemplar-CNN); C. Zhuang, A. Zhai, D. Yamins, "Local Aggregation for Unsupervised Learning of
 * Visual Embeddings", ICCV 2019; J. Huang, Q. Dong, S. Gong, X. Zhu, "Unsupervised Deep Learning by
 * Neighbourhood Discovery", ICML 2019 (AND); I. Misra, L. van der Maaten, "Self-Supervised Learning
 * of Pretext-Invariant Representations", CVPR 2020 (PIRL); M. Caron, P. Bojanowski, A. Joulin, M.
 * Douze, "Deep Clustering for Unsupervised Learning of Visual Features", ECCV 2018 (DeepCluster).
 */
package org.kindred.models.objective;
