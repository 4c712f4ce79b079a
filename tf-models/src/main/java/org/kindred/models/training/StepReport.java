package org.kindred.models.training;

import java.util.Map;

/**
 * One step.
 *
 * @param epoch epoch, from 0
 * @param step step in the epoch, from 0
 * @param loss the batch's loss before the step's update
 * @param learningRate learning rate
 * @param imagesPerSecond images, of whatever size, that went through the network, over the time of
 *     the step
 * @param inputWait share of the step's time that was spent waiting for its batch, 0 to 1
 * @param measures what the objective reports of the step, by name
 */
public record StepReport(
    int epoch,
    int step,
    double loss,
    double learningRate,
    double imagesPerSecond,
    double inputWait,
    Map<String, Double> measures) {}
