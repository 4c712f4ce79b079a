/**
 * Stores on S3, and on servers that speak its protocol.
 *
 * <p>Use this by having the module on the class path: it finds itself by {@code ServiceLoader} and
 * serves every URI of scheme {@code s3}. Beam's file system does the work. What is added is a
 * conditional create, by which exactly one of several writers publishes an artifact or takes a
 * run's id, where the server honours {@code If-None-Match} as Amazon's does since 2024.
 *
 * <p>Threading: every class is safe for use by many threads.
 */
package org.kindred.store.s3;
