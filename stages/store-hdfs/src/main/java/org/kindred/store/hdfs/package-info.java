/**
 * Stores on HDFS.
 *
 * <p>Use this by having the module on the class path: it finds itself by {@code ServiceLoader} and
 * serves every URI of scheme {@code hdfs}. It guarantees what a local store guarantees: publishes,
 * claims of names and replacements of small files are one atomic step of the NameNode each.
 *
 * <p>Threading: every class is safe for use by many threads.
 */
package org.kindred.store.hdfs;
