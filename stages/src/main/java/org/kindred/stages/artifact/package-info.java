/**
 * The artifact store: immutable artifacts, found by digest or by reuse key.
 *
 * <p>Use this to read what an earlier stage made and to publish what a stage makes. Layout below
 * the store's root:
 *
 * <pre>
 *   artifacts/DIGEST/artifact.json   manifest, written last; beside it the files that its table lists
 *   keys/REUSE_KEY.json              which artifact a reuse key led to
 *   runs/RUN/                        records of runs (package org.kindred.pipelines)
 *   checkpoints/REUSE_KEY/           training in progress
 *   tensorboard/STEP-REUSE_KEY/      TensorBoard's event files
 *   staging/ID/                      files of stages in progress; never read by anyone else
 * </pre>
 *
 * <p>Guarantees: an artifact is there whole or not at all, whenever the writer dies. Data files are
 * written and synced under names that nobody reads, then the manifest, then they are published as
 * {@link org.kindred.stages.artifact.StoreFiles#publish} says; readers trust manifests only.
 * Artifacts are named by their content, so writers that race publish the same bytes under the same
 * name, and the first one wins.
 *
 * <p>Threading: every class is safe for use by many threads and many processes.
 */
package org.kindred.stages.artifact;
