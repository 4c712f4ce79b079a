/**
 * How large an experiment's steps are before they run: data files, work items, bytes, operations,
 * memory and core-hours.
 *
 * <p>Use {@link org.kindred.pipelines.estimate.Estimator} for {@code plan}. The stages tell their
 * sizes from configuration and manifests alone; a step that is still to be made is told to its
 * readers by what it foretells. Nothing has to be there, and nothing is written.
 *
 * <p>Guarantees: data files and work items are as many as a run would make, for they are counted by
 * the code that makes them. Core-hours are work over a rate, of which it is said where it comes
 * from.
 *
 * <p>Threading: an estimator belongs to one thread.
 */
package org.kindred.pipelines.estimate;
