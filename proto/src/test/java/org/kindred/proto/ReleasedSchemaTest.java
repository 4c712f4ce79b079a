package org.kindred.proto;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/**
 * A released schema version never breaks. {@code testdata/schema/kindred-v1.desc} is version 1 as
 * it was released; it is written once, at the release, from the repository's root:
 *
 * <pre>
 *   ./mvnw -q -pl proto process-classes &amp;&amp; cp proto/target/classes/kindred.desc testdata/schema/kindred-v1.desc
 * </pre>
 */
class ReleasedSchemaTest {
  @Test
  void versionOneIsKept() throws IOException {
    assertThat(Schemas.own(Schemas.released(1))).isNotEmpty();
    assertThat(SchemaChanges.breaking(Schemas.released(1), Schemas.current())).isEmpty();
  }
}
