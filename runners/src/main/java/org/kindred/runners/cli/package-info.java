/**
 * The command line: parses arguments, calls {@code org.kindred.pipelines}, prints.
 *
 * <p>Results go to standard output, everything else to standard error. Exit codes: 0 done, 1
 * failed, 2 wrong usage or experiment.
 *
 * <p>Threading: one command per process, on the main thread.
 */
package org.kindred.runners.cli;
