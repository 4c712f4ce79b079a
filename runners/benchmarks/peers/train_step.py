"""A training step of InvaSpread in PyTorch: CIFAR ResNet-18, 2 views of 128 images, SGD, float32, channels last."""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

STEPS, THREADS = int(sys.argv[1]), int(sys.argv[2])
BATCH, TEMPERATURE = 128, 0.1


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        inputs = 64
        for stage, width in enumerate([64, 128, 256, 512]):
            layers += [Block(inputs, width, 1 if stage == 0 else 2), Block(width, width, 1)]
            inputs = width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(512, 128)

    def forward(self, x):
        return F.normalize(self.head(self.body(x).mean((2, 3))))


torch.set_num_threads(THREADS)
torch.manual_seed(0)
network = ResNet18().to(memory_format=torch.channels_last).train()
optimizer = torch.optim.SGD(network.parameters(), 0.03, momentum=0.9, weight_decay=5e-4)
rows = 2 * BATCH
images = torch.randn(rows, 3, 32, 32).to(memory_format=torch.channels_last)
itself = torch.eye(rows, dtype=torch.bool)
positive = torch.roll(itself, BATCH, 1)
negative = ~(itself | positive)


def step():
    z = network(images)
    logits = (z @ z.detach().T / TEMPERATURE).masked_fill(itself, float("-inf"))
    log_p = torch.log_softmax(logits, 1)
    p = log_p.exp().clamp(max=1 - 1e-6)
    loss = -(log_p[positive].sum() + torch.log1p(-p)[negative].sum()) / rows
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


step()
start = time.perf_counter()
for _ in range(STEPS):
    step()
seconds = (time.perf_counter() - start) / STEPS
print(json.dumps({"images_per_s": rows / seconds}))
