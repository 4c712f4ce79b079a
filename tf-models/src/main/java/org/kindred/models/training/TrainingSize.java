package org.kindred.models.training;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kindred.models.network.EmbeddingNetwork;
import org.kindred.models.network.NetworkSize;
import org.kindred.models.network.Networks;
import org.kindred.models.objective.Cost;
import org.kindred.models.objective.Extent;
import org.kindred.models.objective.Objectives;
import org.kindred.models.objective.Pass;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.proto.pipeline.v1.Precision;

/**
 * How large a training is, by its configuration alone: nothing is computed, and no weight takes
 * memory.
 *
 * <p>Bytes of memory are the least that it can do with, so that what they do not fit into is no
 * place to train.
 *
 * <p>Immutable.
 */
public final class TrainingSize {

  private final TrainingConfig config;
  private final TrainingObjective objective;
  private final NetworkSize network;

  /** The network on images of each size that goes through it. */
  private final Map<Integer, NetworkSize> networks;

  private final Cost cost;

  private TrainingSize(
      TrainingConfig config,
      TrainingObjective objective,
      NetworkSize network,
      Map<Integer, NetworkSize> networks) {
    this.config = config;
    this.objective = objective;
    this.network = network;
    this.networks = networks;
    this.cost =
        objective.cost(
            new Extent(
                config.microBatch(),
                config.examples(),
                config.epochs(),
                network.layers().get(EmbeddingNetwork.EMBEDDING),
                network.layers().get(EmbeddingNetwork.POOLED),
                network.parameters(),
                network.statistics()));
  }

  /**
   * Measures a training.
   *
   * @throws IllegalArgumentException when the network is not valid, or not for images of all the
   *     sizes that the objective has
   */
  public static TrainingSize of(TrainingConfig config) {
    TrainingObjective objective = Objectives.create(config.objective());
    NetworkSize network = NetworkSize.of(config.network(), config.viewSize());
    Map<Integer, NetworkSize> networks = new TreeMap<>();
    for (Pass pass : config.passes()) {
      NetworkSize size =
          networks.computeIfAbsent(pass.side(), side -> NetworkSize.of(config.network(), side));
      if (size.parameters() != network.parameters()) {
        throw new IllegalArgumentException(
            "network.architecture is %s, whose weights belong to images of one size, valid with objective %s, which has images of %d px beside views of %d px, are residual networks"
                .formatted(
                    Networks.name(config.network().getArchitecture()),
                    config.objectiveName(),
                    pass.side(),
                    config.viewSize()));
      }
    }
    return new TrainingSize(config, objective, network, networks);
  }

  /** Returns the size of the network, on images of the views' size. */
  public NetworkSize network() {
    return network;
  }

  /**
   * Checks that what Java fills or reads as one buffer or array has no more than an int counts.
   *
   * @throws IllegalArgumentException when a step's views, the memory bank, other state or all
   *     features have more
   */
  public void checkBuffers() {
    for (ViewGroup group : config.viewGroups()) {
      long largest = Integer.MAX_VALUE / ((long) group.count() * group.viewBytes());
      if (config.microBatch() > largest) {
        throw new IllegalArgumentException(
            "batch_size is %d, valid is 2 to %d: the %d views of each example, of %d x %d pixels, must fit into %d bytes"
                .formatted(
                    config.batchSize(),
                    largest * config.microBatches(),
                    group.count(),
                    group.side(),
                    group.side(),
                    Integer.MAX_VALUE));
      }
    }
    cost.state().forEach(this::checkState);
    double features = (double) config.examples() * cost.between().width();
    if (features > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "objective %s reads %d features of each of %d examples, valid are at most %d in all"
              .formatted(
                  config.objectiveName(),
                  cost.between().width(),
                  config.examples(),
                  Integer.MAX_VALUE));
    }
  }

  private void checkState(Cost.State state) {
    if (state.bytes() <= Integer.MAX_VALUE) {
      return;
    }
    if (state.name().equals(TrainingObjective.MEMORY_BANK)) {
      throw new IllegalArgumentException(
          "network.embedding_dimension is %d, valid is 1 to %d: the memory bank of %d examples must fit into %d bytes"
              .formatted(
                  state.width(),
                  Integer.MAX_VALUE / Float.BYTES / state.rows(),
                  state.rows(),
                  Integer.MAX_VALUE));
    }
    throw new IllegalArgumentException(
        "objective %s keeps %s, %d x %d values of 4 bytes, valid are at most %d bytes"
            .formatted(
                config.objectiveName(),
                state.name(),
                state.rows(),
                state.width(),
                Integer.MAX_VALUE));
  }

  /**
   * Returns the bytes of native memory that training holds at least, besides what the network
   * takes: the batches that are prepared ahead, the objective's variables and a checkpoint's copy
   * of them, gradients and momentum of those that are learned, and either what a step compares with
   * them or what is done before an epoch.
   */
  public double memoryBytes() {
    double variables = 0;
    for (Cost.State state : cost.state()) {
      variables +=
          switch (state.kind()) {
            case VARIABLE -> 2 * state.bytes();
            case LEARNED -> (1 + copiesOfLearned()) * state.bytes();
            case TABLE -> 0;
          };
    }
    return (BatchLoader.BATCHES_AHEAD + 1) * batchBytes()
        + variables
        + Math.max(cost.stepBytes(), cost.between().nativeBytes());
  }

  /** Value, gradient and momentum, and with several micro-batches the sum of the gradients. */
  private double copiesOfLearned() {
    return config.microBatches() > 1 ? 4 : 3;
  }

  private double batchBytes() {
    return config.viewGroups().stream()
        .mapToDouble(group -> (double) group.count() * group.viewBytes() * config.microBatch())
        .sum();
  }

  /**
   * Returns the bytes of Java heap that training holds at least: the order of the examples, the
   * objective's tables, and what it does before an epoch.
   */
  public double heapBytes() {
    double tables =
        cost.state().stream()
            .filter(state -> state.kind() == Cost.Kind.TABLE)
            .mapToDouble(Cost.State::bytes)
            .sum();
    return (double) Integer.BYTES * config.examples()
        + tables
        + cost.heapBytes()
        + cost.between().heapBytes();
  }

  /**
   * Returns the bytes of native memory that the network takes at least: weights, gradients and
   * momentum, and the feature maps of a step's learned passes.
   */
  public double networkBytes() {
    double maps =
        config.passes().stream()
            .filter(Pass::isLearned)
            .mapToDouble(pass -> pass.images() * networks.get(pass.side()).activationBytes())
            .sum();
    boolean isHalved = config.precision() == Precision.PRECISION_BFLOAT16;
    return copiesOfLearned() * Float.BYTES * network.parameters()
        + (isHalved ? 0.5 : 1) * maps * config.microBatch();
  }

  /** Returns the floating-point operations of the whole training. */
  public double flops() {
    double ofExample =
        config.passes().stream()
            .mapToDouble(
                pass -> {
                  NetworkSize size = networks.get(pass.side());
                  return pass.images() * (pass.isLearned() ? size.trainingFlops() : size.flops());
                })
            .sum();
    double step = config.batchSize() * ofExample + config.microBatches() * cost.stepFlops();
    return config.steps() * step
        + cost.between().flops()
        + cost.between().passes() * config.examples() * network.flops();
  }

  /**
   * Returns the bytes of a checkpoint's tensors: weights, running statistics, momentum, the
   * objective's variables and tables.
   */
  public double checkpointBytes() {
    double state =
        cost.state().stream()
            .mapToDouble(part -> (part.kind() == Cost.Kind.LEARNED ? 2 : 1) * part.bytes())
            .sum();
    return Float.BYTES * (2.0 * network.parameters() + network.statistics()) + state;
  }

  /** Returns whether the objective keeps a memory bank, a row for each example. */
  public boolean hasMemoryBank() {
    return cost.state().stream()
        .anyMatch(state -> state.name().equals(TrainingObjective.MEMORY_BANK));
  }

  /** Returns whether the objective finds, or is given, positives among the examples. */
  public boolean findsPositives() {
    return objective.findsPositives();
  }

  /** Returns the names of what the objective reports of each epoch. */
  public List<String> measures() {
    return objective.measures();
  }
}
