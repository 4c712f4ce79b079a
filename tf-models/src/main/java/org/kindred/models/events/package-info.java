/**
 * TensorBoard event files.
 *
 * <p>Use {@link org.kindred.models.events.EventWriter} to let people watch a training with
 * TensorBoard.
 *
 * <p>Guarantees: what was written before a crash is readable.
 *
 * <p>Threading: a writer belongs to one thread.
 */
package org.kindred.models.events;
