package org.kindred.models.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kindred.models.network.EmbeddingNetwork;
import org.kindred.models.network.Layers;
import org.kindred.models.objective.Features;
import org.kindred.models.objective.TrainingStep;
import org.kindred.models.tensorflow.VariableWeights;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** Passes through the network, each set of weights with layers of its own. */
final class NetworkPasses implements TrainingStep.Network {
  private final EmbeddingNetwork network;
  private final Ops tf;
  private final Placeholder<TUint8> images;
  private final Map<VariableWeights, Layers> layers = new LinkedHashMap<>();
  private final Map<VariableWeights, Features> evaluations = new LinkedHashMap<>();

  NetworkPasses(EmbeddingNetwork network, Ops tf, Placeholder<TUint8> images) {
    this.network = network;
    this.tf = tf;
    this.images = images;
  }

  /** Returns what is fed with the images of {@link #evaluate}. */
  Placeholder<TUint8> images() {
    return images;
  }

  @Override
  public List<Features> train(VariableWeights weights, List<Operand<TUint8>> parts) {
    Layers whole = layers.computeIfAbsent(weights, absent -> Layers.forTraining(tf, weights));
    List<Layers> ofParts = new ArrayList<>();
    List<Features> features = new ArrayList<>();
    for (Operand<TUint8> part : parts) {
      Layers ofPart = whole.part();
      ofParts.add(ofPart);
      features.add(features(network.build(ofPart, part)));
    }
    whole.takeMean(ofParts);
    return features;
  }

  @Override
  public Features evaluate(VariableWeights weights) {
    return evaluations.computeIfAbsent(
        weights, absent -> features(network.build(Layers.forEvaluation(tf, weights), images)));
  }

  private static Features features(Map<String, Operand<TFloat32>> outputs) {
    return new Features(
        outputs.get(EmbeddingNetwork.EMBEDDING),
        outputs.get(EmbeddingNetwork.PROJECTION),
        outputs.get(EmbeddingNetwork.POOLED));
  }

  /** Returns what writes the running statistics of the passes so far. */
  List<Op> statisticUpdates(Ops after) {
    List<Op> updates = new ArrayList<>();
    layers.forEach(
        (weights, made) ->
            made.statisticUpdates()
                .forEach(
                    (name, value) ->
                        updates.add(after.assignVariableOp(weights.get(name).handle(), value))));
    return updates;
  }
}
