/**
 * Random numbers that are a function of what they are for, not of when they are drawn.
 *
 * <p>Use this for every draw in Kindred: views, shuffles, initial weights, starts of k-means. A
 * draw depends on the seed and on named coordinates (purpose, epoch, example id, view) alone, so
 * that results are the same on every runner, at every parallelism, and after a restart.
 *
 * <p>Threading: an instance belongs to one thread; instances are cheap and share nothing.
 *
 * <p>Paper: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3",
 * SC 2011.
 */
package org.kindred.models.random;
