"""The exact k nearest neighbours of every row by FAISS, clustered unit rows; arguments: rows, dimension, threads, each k."""
import json
import sys
import time

import faiss
import numpy as np

rows, dimension, threads, *ks = map(int, sys.argv[1:])
random = np.random.default_rng(0)
centers = random.standard_normal((max(10, rows // 500), dimension)).astype("f")
data = centers[random.integers(0, len(centers), rows)]
data = data + np.float32(0.7) * random.standard_normal((rows, dimension)).astype("f")
data = np.ascontiguousarray(data / np.linalg.norm(data, axis=1, keepdims=True), dtype="f")
faiss.omp_set_num_threads(threads)
index = faiss.IndexFlatIP(dimension)
index.add(data)
seconds = {}
for k in ks:
    start = time.perf_counter()
    index.search(data, k + 1)  # finds the row itself too
    seconds[f"k{k}"] = time.perf_counter() - start
print(json.dumps({"seconds": seconds}))
