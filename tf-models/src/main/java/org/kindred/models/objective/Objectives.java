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
   * @throws IllegalArgumentException when none is set, or a parameter is out of its range; the
   *     message begins with the objective's name
   */
  public static TrainingObjective create(Objective objective) {
    return create(config(objective));
  }

  /**
   * Returns the objective of a configuration, when it can be trained on so much; see {@link
   * TrainingObjective#check}.
   *
   * @throws IllegalArgumentException when none is set, or a parameter is out of its range; the
   *     message begins with {@code objective}
   */
  public static TrainingObjective create(
      Objective objective, int batch, int microBatches, int examples) {
    try {
      TrainingObjective created = create(objective);
      created.check(batch, microBatches, examples);
      return created;
    } catch (IllegalArgumentException e) {
      FieldDescriptor kind = kind(objective);
      if (kind == null || !e.getMessage().startsWith(kind.getName() + ".")) {
        throw e;
      }
      throw new IllegalArgumentException("objective." + e.getMessage(), e);
    }
  }

  private static FieldDescriptor kind(Objective objective) {
    return objective.getOneofFieldDescriptor(Objective.getDescriptor().getOneofs().get(0));
  }

  private static Message config(Objective objective) {
    FieldDescriptor kind = kind(objective);
    if (kind == null) {
      throw new IllegalArgumentException(
          "objective is not set, valid are " + String.join(", ", names()));
    }
    return (Message) objective.getField(kind);
  }

  private static TrainingObjective create(Message config) {
    String message = config.getDescriptorForType().getName();
    String name = Objectives.class.getPackageName() + "." + message + "Objective";
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
      throw new IllegalStateException("objective " + message + " has no class " + name, e);
    }
  }
}
