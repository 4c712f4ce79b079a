package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.proto.pipeline.v1.RecipeConfig;

/**
 * The bytes of views, pinned: they must be the same on every machine, and stored views must stay
 * what a recipe makes. Whoever changes them on purpose raises the implementation version of the
 * stages that make views.
 */
class PinnedViewsTest {

  @ParameterizedTest
  @CsvSource({
    "A-cifar-id, e29729660371d7e1",
    "A-cifar-is, ea537a277e8779e3",
    "A-in-v1, 3d2195bc92f9ee07",
    "A-in-v2, 09055c592e8e9880",
    "A-swav, 8bb0677a3e99f554",
    "A-cifar-simclr, 524b0953d7939958",
    "A-cifar-swav, 82b1e6ab68c97a00",
    "none, f1a30b1f66d76f2c",
    "test, f1a30b1f66d76f2c",
  })
  void viewsStayTheSame(String preset, String digest) throws NoSuchAlgorithmException {
    ViewMaker maker =
        new ViewMaker(
            Recipes.resolve(RecipeConfig.newBuilder().setPreset(preset).setSize(32).build()));
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    byte[] view = new byte[maker.bytesPerView()];
    for (int id = 0; id < 64; id++) {
      maker.make(TestImages.noise(20 + id, 84 - id, id), 123_456_789_012L, 3, id, id % 4, view, 0);
      sha.update(view);
    }

    assertThat(HexFormat.of().formatHex(sha.digest(), 0, 8)).isEqualTo(digest);
  }
}
