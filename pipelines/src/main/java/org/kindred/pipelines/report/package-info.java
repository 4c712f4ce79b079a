/**
 * Reports: what a run found, for a reader and for a terminal.
 *
 * <p>Use {@link org.kindred.pipelines.report.HtmlReport} for a page that stands alone; {@link
 * org.kindred.pipelines.report.MetricTable} for the metrics as rows or plain text.
 *
 * <p>Guarantees: numbers stand side by side only when they were measured by the same protocol; what
 * stands in a report comes from the run's record and its artifacts alone, never from the clock or
 * the machine that writes it, so the same run gives the same bytes; every text is escaped. Which
 * examples are shown is fixed: evenly spaced rows.
 *
 * <p>Threading: everything here belongs to the thread that called it.
 *
 * <p>The rows of easy and hard positives follow Wang et al., "Unsupervised Representation Learning
 * by Invariance Propagation", NeurIPS 2020, figure of neighbourhoods.
 */
package org.kindred.pipelines.report;
