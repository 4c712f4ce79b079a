/**
 * What pretraining learns: objectives that need no labels.
 *
 * <p>To add one: a config message in the {@code oneof} of {@code Objective}, a class that
 * implements {@link org.kindred.models.objective.TrainingObjective}, and its case in {@link
 * org.kindred.models.objective.Objectives}, which does not compile without it. State that lives
 * between steps is declared as named variables and is then checkpointed, restored and exported with
 * no further code.
 *
 * <p>Internal to {@code tf-models}: signatures here name TensorFlow types. Instances are immutable
 * and may be shared by threads.
 *
 * <p>Papers: Z. Wu, Y. Xiong, S. Yu, D. Lin, "Unsupervised Feature Learning via Non-Parametric
 * Instance Discrimination", CVPR 2018; M. Ye, X. Zhang, P. Yuen, S.-F. Chang, "Unsupervised
 * Embedding Learning via Invariant and Spreading Instance Feature", CVPR 2019.
 */
package org.kindred.models.objective;
