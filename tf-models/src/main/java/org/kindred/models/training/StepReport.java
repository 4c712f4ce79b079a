package org.kindred.models.training;

/**
 * One step.
 *
 * @param epoch epoch, from 0
 * @param step step in the epoch, from 0
 * @param loss the batch's loss before the step's update
 * @param learningRate learning rate
 * @param imagesPerSecond views that went through the network, over the time of the step
 * @param inputWait share of the step's time that was spent waiting for its batch, 0 to 1
 */
public record StepReport(
    int epoch,
    int step,
    double loss,
    double learningRate,
    double imagesPerSecond,
    double inputWait) {}
