"""The k nearest neighbours of every row: exact by FAISS, or with --recall approximate by hnswlib, at the least search
effort that reaches it on a sample. Rows: a file of float32, little-endian, row by row, nothing else."""
import argparse
import json
import time

import numpy as np

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("rows")
parser.add_argument("dimension", type=int)
parser.add_argument("threads", type=int)
parser.add_argument("k", type=int, nargs="+")
parser.add_argument("--recall", type=float)
arguments = parser.parse_args()
data = np.fromfile(arguments.rows, "<f4").reshape(-1, arguments.dimension)
data = np.ascontiguousarray(data / np.linalg.norm(data, axis=1, keepdims=True), dtype="f")


def measured(work):
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}


def exact(k):
    import faiss
    faiss.omp_set_num_threads(arguments.threads)
    index = faiss.IndexFlatIP(arguments.dimension)
    index.add(data)
    index.search(data[:4096], k + 1)  # a first call does what later ones don't have to
    return measured(lambda: index.search(data, k + 1))  # finds the row itself too


def approximate(k):
    import hnswlib
    sample = np.random.default_rng(0).choice(len(data), min(1000, len(data)), replace=False)
    similarities = data[sample] @ data.T
    similarities[np.arange(len(sample)), sample] = -np.inf
    truth = np.argpartition(-similarities, k, axis=1)[:, :k]
    del similarities
    index = hnswlib.Index(space="ip", dim=arguments.dimension)
    index.init_index(len(data), M=8, ef_construction=60)  # of those tried, the least time at this recall
    index.set_num_threads(arguments.threads)
    build = measured(lambda: index.add_items(data))
    for ef in range(k + 2, 40 * k, max(1, k // 4)):
        index.set_ef(ef)
        found, _ = index.knn_query(data[sample], k=k + 1)
        recall = np.mean([len((set(f) - {s}) & set(t)) / k for f, s, t in zip(found, sample, truth)])
        if recall >= arguments.recall:
            break
    query = measured(lambda: index.knn_query(data, k=k + 1))
    return {name: build[name] + query[name] for name in build} | {"recall": float(recall), "ef": ef}


print(json.dumps({f"k{k}": approximate(k) if arguments.recall else exact(k) for k in arguments.k}))
