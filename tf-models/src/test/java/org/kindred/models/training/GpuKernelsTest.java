package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kindred.models.training.TinyTraining.config;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.network.Networks;
import org.kindred.models.objective.Objectives;
import org.kindred.models.optimizer.MomentumSgd;
import org.kindred.models.training.TrainingGraph.Sizes;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.KernelDef;
import org.tensorflow.proto.KernelDef.AttrConstraint;
import org.tensorflow.proto.KernelList;
import org.tensorflow.proto.NodeDef;

/**
 * In a build for a GPU: every operation of a training step has a kernel for one, but for those that
 * take the fed views apart, which are bytes then. So all variables are on it, the memory bank among
 * them: an operation without a kernel would take the variables that it reads or changes to the
 * processor.
 *
 * <p>TensorFlow knows its kernels on a machine without a GPU too.
 */
@EnabledIf("org.kindred.models.training.GpuKernelsTest#isForGpu")
final class GpuKernelsTest {
  /** Kernels of no device in particular have this type. */
  private static final Set<String> DEVICES = Set.of("GPU", "DEFAULT");

  private final Map<String, List<KernelDef>> kernels = new TreeMap<>();

  static boolean isForGpu() {
    return GpuKernelsTest.class.getResource("/org/tensorflow/internal/c_api/linux-x86_64-gpu/")
        != null;
  }

  static Stream<Objective> objectives() {
    return TinyTraining.OBJECTIVES.stream();
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void everyOperationHasAKernel(Objective objective) throws InvalidProtocolBufferException {
    TrainingConfig config =
        config(objective, 1, 1, builder -> builder.setBatchSize(8).setMicroBatches(2));
    Set<String> without = new TreeSet<>();
    try (TrainingGraph training =
        new TrainingGraph(
            Networks.create(config.network(), config.normalize()),
            Objectives.create(config.objective()),
            new MomentumSgd(config.optimizer()),
            new Sizes(config.microBatch(), 2, config.examples(), 2, config.viewSize(), 1),
            config.precision(),
            0)) {
      for (NodeDef node : training.graph().toGraphDef().getNodeList()) {
        if (!types(node).containsValue(DataType.DT_UINT8) && !hasKernel(node)) {
          without.add(node.getOp() + " " + types(node));
        }
      }
    }
    assertThat(without).isEmpty();
  }

  private static Map<String, DataType> types(NodeDef node) {
    Map<String, DataType> types = new TreeMap<>();
    node.getAttrMap()
        .forEach(
            (name, value) -> {
              if (value.getType() != DataType.DT_INVALID) {
                types.put(name, value.getType());
              }
            });
    return types;
  }

  private boolean hasKernel(NodeDef node) throws InvalidProtocolBufferException {
    if (!kernels.containsKey(node.getOp())) {
      kernels.put(node.getOp(), registered(node.getOp()));
    }
    return kernels.get(node.getOp()).stream()
        .filter(kernel -> DEVICES.contains(kernel.getDeviceType()))
        .anyMatch(kernel -> kernel.getConstraintList().stream().allMatch(c -> allows(c, node)));
  }

  private static boolean allows(AttrConstraint constraint, NodeDef node) {
    AttrValue value = node.getAttrOrDefault(constraint.getName(), AttrValue.getDefaultInstance());
    List<DataType> types =
        value.hasList() ? value.getList().getTypeList() : List.of(value.getType());
    return constraint.getAllowedValues().getList().getTypeList().containsAll(types);
  }

  private static List<KernelDef> registered(String operation)
      throws InvalidProtocolBufferException {
    TF_Status status = TF_Status.newStatus();
    TF_Buffer buffer = tensorflow.TF_GetRegisteredKernelsForOp(operation, status);
    status.throwExceptionIfNotOK();
    try {
      return KernelList.parseFrom(buffer.dataAsByteBuffer()).getKernelList();
    } finally {
      tensorflow.TF_DeleteBuffer(buffer);
    }
  }
}
