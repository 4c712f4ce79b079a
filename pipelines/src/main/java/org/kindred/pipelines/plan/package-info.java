/**
 * What a run has to do: for each step, take an artifact that is there or make it.
 *
 * <p>Use {@link org.kindred.pipelines.plan.Planner} before a run and for {@code plan}. It reads
 * manifests and verifies artifacts; it never changes the store.
 *
 * <p>Guarantees: a step is reused only when stage, implementation version, configuration, inputs,
 * source and seed are the same and every byte of its artifact is there; every step that runs says
 * why.
 *
 * <p>Threading: a planner belongs to one thread.
 */
package org.kindred.pipelines.plan;
