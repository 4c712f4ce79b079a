"""Views by torchvision on PIL images, one thread: the recipes A-cifar-is (32 px) and A-in-v2 (256 to 224 px)."""
import json
import time

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T

torch.set_num_threads(1)
random = np.random.default_rng(0)
tensor = [T.ToTensor(), T.Normalize((0.49, 0.48, 0.45), (0.2, 0.2, 0.2))]


def photo(side):
    small = random.integers(0, 255, (side // 8, side // 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((side, side), Image.BICUBIC)


def images_per_second(transform, images, count):
    transform(images[0])
    start = time.perf_counter()
    for i in range(count):
        transform(images[i % len(images)])
    return count / (time.perf_counter() - start)


cifar = T.Compose([
    T.RandomResizedCrop(32, (0.2, 1)), T.ColorJitter(0.4, 0.4, 0.4, 0.4), T.RandomGrayscale(0.2),
    T.RandomHorizontalFlip(), *tensor])
imagenet = T.Compose([
    T.RandomResizedCrop(224, (0.2, 1)), T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8),
    T.RandomGrayscale(0.2), T.RandomApply([T.GaussianBlur(23, (0.1, 2))], 0.5),
    T.RandomHorizontalFlip(), *tensor])
print(json.dumps({
    "A-cifar-is 32": images_per_second(cifar, [photo(32) for _ in range(64)], 4000),
    "A-in-v2 256->224": images_per_second(imagenet, [photo(256) for _ in range(16)], 400)}))
