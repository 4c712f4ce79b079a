package org.kindred.stages.pretrain;

import java.nio.ByteBuffer;
import org.kindred.models.training.ImageEmbedder;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.ViewMaker;

/** Embeds images of the training split between epochs, to see how training goes. */
final class WatchedImages {
  private static final int BATCH = 100;

  private final DatasetReader dataset;
  private final long seed;

  WatchedImages(DatasetReader dataset, long seed) {
    this.dataset = dataset;
    this.seed = seed;
  }

  /**
   * Returns the embeddings of a view of each image.
   *
   * @param maker of the views
   * @param rows numbers of the images in the split
   * @param epoch epoch that random views are of
   * @param view number of the view; an evaluation recipe draws nothing, so any will do
   * @return {@code [rows.length, dimension]}, row by row
   */
  float[] embed(ImageEmbedder embedder, ViewMaker maker, int[] rows, int epoch, int view) {
    float[] embeddings = new float[0];
    ByteBuffer views = ByteBuffer.allocateDirect(Math.multiplyExact(BATCH, maker.bytesPerView()));
    byte[] made = new byte[maker.bytesPerView()];
    for (int done = 0; done < rows.length; done += BATCH) {
      int batch = Math.min(BATCH, rows.length - done);
      views.clear();
      for (int i = done; i < done + batch; i++) {
        maker.make(dataset.image(rows[i]), seed, epoch, dataset.id(rows[i]), view, made, 0);
        views.put(made);
      }
      float[] embedded = embedder.embed(views.flip(), batch);
      int dimension = embedded.length / batch;
      if (done == 0) {
        embeddings = new float[Math.multiplyExact(rows.length, dimension)];
      }
      System.arraycopy(embedded, 0, embeddings, done * dimension, embedded.length);
    }
    return embeddings;
  }
}
