package org.kindred.models.objective;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import org.kindred.proto.pipeline.v1.Objective;

/**
 * The objectives that a configuration can name: the message {@code M} of {@link Objective}'s {@code
 * oneof} is implemented by the class {@code MObjective} of this package, whose constructor takes
 * the message.
 */
public final class Objectives {

  private Objectives() {}

  /** Returns the names of all objectives. */
  public static List<String> names() {
    return kinds().stream().map(FieldDescriptor::getName).toList();
  }

  static List<FieldDescriptor> kinds() {
    return Objective.getDescriptor().getOneofs().get(0).getFields();
  }

  /**
   * Returns the objective of a configuration.
   *
   * @throws IllegalArgumentException when none is set, or a parameter is out of its range
   */
  public static TrainingObjective create(Objective objective) {
    FieldDescriptor kind =
        objective.getOneofFieldDescriptor(Objective.getDescriptor().getOneofs().get(0));
    if (kind == null) {
      throw new IllegalArgumentException(
          "objective is not set, valid are " + String.join(", ", names()));
    }
    Message config = (Message) objective.getField(kind);
    String name =
        Objectives.class.getPackageName() + "." + kind.getMessageType().getName() + "Objective";
    try {
      return Class.forName(name)
          .asSubclass(TrainingObjective.class)
          .getDeclaredConstructor(config.getClass())
          .newInstance(config);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException invalid) {
        throw invalid;
      }
      throw new IllegalStateException(name + " could not be made", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("objective " + kind.getName() + " has no class " + name, e);
    }
  }
}
