package org.kindred.stages.artifact;

import java.io.Serializable;
import org.kindred.proto.artifact.v1.DataFile;

/**
 * A data file that is written and synced, but not part of an artifact yet.
 *
 * @param stagedPath its present path, relative to the staging directory; different for every
 *     attempt at the same file
 * @param file its entry of the artifact's file table
 */
public record StagedFile(String stagedPath, DataFile file) implements Serializable {}
