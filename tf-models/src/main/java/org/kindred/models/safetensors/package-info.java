/**
 * Named tensors in one file: the safetensors format, which other frameworks read too.
 *
 * <p>Use {@link org.kindred.models.safetensors.SafetensorsWriter} and {@link
 * org.kindred.models.safetensors.SafetensorsFile} for checkpoints, which hold F32 and I32. A file
 * is eight bytes with the header's length (little-endian), the header in JSON, and the tensors'
 * values one after the other without gaps. The metadata key {@code sha256} holds the digest of the
 * whole file, taken with 64 zeros in its own place. A reader checks all of it before it hands
 * anything out, and says what is wrong with a file that it refuses. {@link
 * org.kindred.models.safetensors.ForeignSafetensors} reads files of other writers, which have no
 * digest.
 *
 * <p>Threading: everything here is immutable once made and may be shared.
 */
package org.kindred.models.safetensors;
