/**
 * Tables as Arrow IPC files: written in batches, read through memory maps.
 *
 * <p>Use {@link org.kindred.stages.arrow.TableWriter} to write one file and {@link
 * org.kindred.stages.arrow.MappedTable} to read the files of a table as one. {@link
 * org.kindred.stages.arrow.Tables} fixes the columns of every table that an artifact may hold.
 *
 * <p>Guarantees: the same rows give the same bytes; a table's rows are never all on the heap; a
 * file whose schema has a version that is not known here is refused.
 *
 * <p>Threading: a writer belongs to one thread; a mapped table may be read by many.
 */
package org.kindred.stages.arrow;
