/**
 * Scores of classes, and how often the right class comes first.
 *
 * <p>Use {@link org.kindred.models.classification.ClassRanking} for the place of a class among all,
 * {@link org.kindred.models.classification.ClassAccuracy} to count over many examples. Ties go to
 * the lower class.
 *
 * <p>Threading: {@code ClassRanking} is thread-safe, a {@code ClassAccuracy} belongs to one thread.
 */
package org.kindred.models.classification;
