package org.kindred.pipelines.report;

/** A part of the page that the contents list leads to. */
interface Section {
  /** Returns the id of the part in the page. */
  String anchor();

  /** Returns its heading. */
  String heading();
}
