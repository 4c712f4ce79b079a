#!/usr/bin/env python3
"""Writes golden/torchvision.json: what torchvision's residual networks make of made-up weights and images.

Weights and images are functions of a tensor's name and an element's number, so that the test makes the same ones and
only names, shapes and some of the features need be stored. Written with PyTorch 1.13.1 and torchvision 0.14.1.
"""
import json
import math
import pathlib

import numpy as np
import torch
import torchvision

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def noise(number, count):
    """Multiples of 2^-24 in [-0.5, 0.5)."""
    bits = np.arange(1, count + 1, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(number) * np.uint32(40503)
    bits ^= bits >> np.uint32(16)
    bits *= np.uint32(0x85EBCA6B)
    bits ^= bits >> np.uint32(13)
    return (bits >> np.uint32(8)).astype(np.float64) / 2**24 - 0.5


def values(number, name, shape):
    drawn = noise(number, math.prod(shape))
    if len(shape) > 1:
        drawn = drawn * math.sqrt(12 / math.prod(shape[1:]))  # variance 1 / fan in
    elif name.endswith("running_var") or name.endswith("weight"):
        drawn = 1 + drawn / 2
    else:
        drawn = drawn / 4
    return drawn.astype(np.float32).reshape(shape)


def images(count, side):
    pixels = np.floor((noise(0, count * side * side * 3) + 0.5) * 256)
    return pixels.reshape(count, side, side, 3)


def features(model, pixels):
    """The maps after the stem and each block, channels last, and their mean over the image at the end."""
    x = torch.tensor((pixels / 255 - np.array(MEAN)) / np.array(STD), dtype=torch.float32).permute(0, 3, 1, 2)
    maps = {}
    x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    maps["stem"] = x
    for stage in range(1, 5):
        for block, module in enumerate(getattr(model, f"layer{stage}"), 1):
            x = module(x)
            maps[f"stage{stage}.block{block}"] = x
    return maps, model.avgpool(x).flatten(1)


def case(name, architecture, model, count, side, grids, every):
    model.eval()
    state = model.state_dict()
    names = sorted(key for key in state if not key.endswith("num_batches_tracked"))
    model.load_state_dict(
        {
            key: torch.tensor(values(names.index(key) + 1, key, tuple(tensor.shape))) if key in names else tensor
            for key, tensor in state.items()
        }
    )
    with torch.no_grad():
        maps, pooled = features(model, images(count, side))
        expected = {"pooled": pooled[:, ::every].flatten().tolist()}
        for layer, grid in grids.items():
            tap = torch.nn.functional.adaptive_avg_pool2d(maps[layer], grid).permute(0, 2, 3, 1).flatten(1)
            expected[layer] = tap[:, :: 31 * every].flatten().tolist()
    return {
        "name": name,
        "description": f"{count} images of {side} px; every {every}th pooled feature, every {31 * every}th of each layer's.",
        "inputs": {
            "architecture": architecture,
            "images": count,
            "side": side,
            "every": every,
            "tensors": [[key, list(tensor.shape)] for key, tensor in state.items()],
        },
        "expected": {key: [float(f"{value:.7g}") for value in row] for key, row in expected.items()},
    }


def small(model):
    """For small images."""
    model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = torch.nn.Identity()
    return model


def main():
    models = torchvision.models
    suite = {
        "suite": "torchvision",
        "description": "Residual networks of torchvision with made-up weights, in evaluation mode.",
        "tolerance": {"float32": {"abs": 1e-4, "rel": 1e-4}},
        "cases": [
            case(
                "resnet18",
                "ARCHITECTURE_RESNET18",
                models.resnet18(),
                2,
                72,
                {"stem": 12, "stage1.block2": 12, "stage2.block1": 8, "stage3.block2": 5, "stage4.block1": 1},
                8,
            ),
            case(
                "resnet50",
                "ARCHITECTURE_RESNET50",
                models.resnet50(),
                1,
                96,
                {"stem": 12, "stage1.block3": 6, "stage2.block4": 4, "stage3.block6": 3, "stage4.block3": 1},
                16,
            ),
            case(
                "resnet18_cifar",
                "ARCHITECTURE_RESNET18_CIFAR",
                small(models.resnet18()),
                1,
                32,
                {"stem": 12, "stage2.block2": 8, "stage3.block1": 6},
                8,
            ),
        ],
    }
    path = pathlib.Path(__file__).parent / "golden" / "torchvision.json"
    # One line for each tensor's name and each layer's features.
    text = json.dumps(suite).replace(', ["', ',\n["').replace(', "stage', ',\n"stage').replace('{"name"', '\n{"name"')
    path.write_text(text + "\n")


if __name__ == "__main__":
    main()
