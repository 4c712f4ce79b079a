#!/usr/bin/env python3
"""Times k-means and propagation beside what they would replace, in turns, and prints a table in Markdown.

    ./mvnw -B -ntp -DskipTests package && runners/benchmarks/clustering.py EMBEDDINGS [--rows N] [--rounds N]

EMBEDDINGS is the directory of an EmbeddingSet (then pyarrow is needed), whose learned embeddings are taken, or a file of
little-endian float32 rows of 128 values. Needs Python packages numpy, faiss, scikit-learn; the machine should do nothing
else. Inertia is measured by one and the same search of the rows among the centers that each program gives back.
"""
import argparse
import glob
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from compare import THREADS, kindred, peer

MAIN = "org.kindred.models.clustering.ClusteringBenchmark"
DIMENSION = 128
CLUSTERS, UPDATES = 1000, 20
K, HOPS = 4, 3


def embeddings(source, count):
    if os.path.isdir(source):
        import pyarrow as pa
        parts = sorted(glob.glob(f"{source}/learned-embedding-*.arrow"))
        rows = np.concatenate([
            np.asarray(batch.column("vector").flatten()).reshape(batch.num_rows, -1)
            for part in parts for batch in map(pa.ipc.open_file(part).get_batch, range(pa.ipc.open_file(part).num_record_batches))])
    else:
        rows = np.fromfile(source, "<f4").reshape(-1, DIMENSION)
    if rows.shape[1] != DIMENSION or len(rows) < count:
        sys.exit(f"{source} has {len(rows)} rows of {rows.shape[1]} values, valid are {count} or more of {DIMENSION}")
    return np.ascontiguousarray(rows[:count], "<f4")


def inertia(rows, path):
    import faiss
    faiss.omp_set_num_threads(THREADS)
    index = faiss.IndexFlatL2(DIMENSION)
    index.add(np.fromfile(path, "<f4").reshape(-1, DIMENSION))
    return float(index.search(rows, 1)[0].sum(dtype=float))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embeddings")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows = embeddings(arguments.embeddings, arguments.rows)
    seconds, costs = {}, {}

    def note(name, result, cost=None):
        seconds.setdefault(name, []).append(result["seconds"])
        costs[name] = cost

    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as folder:
        file = str(Path(folder) / "rows.f32")
        rows.tofile(file)
        for _ in range(arguments.rounds):
            ours = kindred("tf-models", MAIN, "kmeans", file, DIMENSION, CLUSTERS, UPDATES, 1)[0]
            note("k-means, Kindred", ours, inertia(rows, file + ".centers"))
            for name in "faiss", "sklearn":
                theirs = peer("kmeans.py", name, file, DIMENSION, THREADS, CLUSTERS, UPDATES)
                note(f"k-means, {name}", theirs, inertia(rows, file + ".centers"))
            ours = kindred("tf-models", MAIN, "propagation", file, DIMENSION, K, HOPS, 15)[0]
            theirs = peer("propagation.py", file + ".graph", K, HOPS)
            if ours["result"] != theirs["positives"]:
                sys.exit(f"Kindred finds {ours['result']} positives, NumPy {theirs['positives']}")
            note("propagation, Kindred", ours)
            note("propagation, NumPy", theirs)
    print(f"| {len(rows):,} x {DIMENSION} | seconds | ratio | inertia |\n|---|---|---|---|")
    for name, measured in seconds.items():
        base = seconds[name.split(",")[0] + ", Kindred"]
        ratio = statistics.median(theirs / ours for theirs, ours in zip(measured, base))
        cost = "" if costs[name] is None else f"{costs[name]:,.1f}"
        print(f"| {name} | {statistics.median(measured):.3f} | {ratio:.1f} | {cost} |")


if __name__ == "__main__":
    main()
