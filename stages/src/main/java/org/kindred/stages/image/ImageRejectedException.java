package org.kindred.stages.image;

/**
 * Says why an encoded image was refused. The message is one sentence for a person; it names the
 * defect and, where there is one, the limit.
 */
public final class ImageRejectedException extends Exception {

  private static final long serialVersionUID = 1L;

  ImageRejectedException(String reason) {
    super(reason);
  }

  ImageRejectedException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
