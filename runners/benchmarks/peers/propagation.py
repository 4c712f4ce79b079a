"""Positives within some hops of every node, a loop over the nodes in NumPy; arguments: file of the graph, k, hops."""
import json
import sys
import time

import numpy as np

path, *numbers = sys.argv[1:]
k, hops = map(int, numbers)
graph = np.fromfile(path, "<i4").reshape(-1, k)
start = time.perf_counter()
total = 0
seen = np.zeros(len(graph), bool)
for node in range(len(graph)):
    seen[node] = True
    layers = [np.array([node])]
    for hop in range(hops):
        reached = np.unique(graph[layers[-1]])
        reached = reached[~seen[reached]]
        seen[reached] = True
        layers.append(reached)
    positives = np.concatenate(layers)
    distances = np.repeat(np.arange(hops + 1), [len(layer) for layer in layers])
    seen[positives] = False
    total += len(positives) - 1
print(json.dumps({"seconds": time.perf_counter() - start, "positives": total}))
