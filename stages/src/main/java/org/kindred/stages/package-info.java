/**
 * The stage SPI: what a stage is, what it is given, and how it becomes a Beam pipeline that
 * publishes one artifact.
 *
 * <p>Use this to write a stage: implement {@link org.kindred.stages.Stage}, name the class in
 * {@code META-INF/services/org.kindred.stages.Stage}, and put the jar on the class path.
 *
 * <p>Guarantees: a stage sees a configuration in which every field is set and valid, and inputs
 * that were verified; it never publishes by itself.
 *
 * <p>Threading: stages have no state; a {@link org.kindred.stages.StageContext} is immutable and
 * travels to workers.
 */
package org.kindred.stages;
