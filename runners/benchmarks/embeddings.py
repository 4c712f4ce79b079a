#!/usr/bin/env python3
"""Makes the rows that graphs and clusterings are measured on: embeddings of real images, in a file of float32,
little-endian, row by row, nothing else.

    runners/benchmarks/embeddings.py FILE --cifar DIRECTORY                # trains for one epoch first
    runners/benchmarks/embeddings.py FILE --store URI --artifact DIGEST    # of an EmbeddingSet that is there
    runners/benchmarks/embeddings.py FILE --copies OTHER.f32 --rows N

The last makes more rows than there are images: copies of them, each moved by noise of half the median distance to the
tenth neighbour, normalised and shuffled. Needs `./mvnw -B -ntp -DskipTests package`, and NumPy for copies.
"""
import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
DIMENSION = 128
YAML = """
name: embeddings
steps:
  - stage: ingest
    config: {{source: {cifar}, format: cifar10_binary}}
  - stage: pretrain
    config:
      network: {{architecture: resnet18_cifar, embedding_dimension: 128}}
      views: {{preset: A-cifar-is, size: 32}}
      evaluation: {{preset: test, size: 32}}
      objective: {{invaspread: {{}}}}
      epochs: 1
      monitor: {{holdout: 0}}
  - stage: extract
    config: {{layers: [embedding], baselines: false}}
"""


def write(store, artifact, file):
    classpath = (HOME / "runners/target/classpath.txt").read_text().strip()
    subprocess.run(["java", "--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp",
                    f"stages/target/test-classes:{classpath}", "org.kindred.stages.features.RowFile",
                    store, artifact, "train", str(file)], cwd=HOME, check=True)


def train(cifar, file):
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as folder:
        experiment = Path(folder) / "embeddings.yaml"
        experiment.write_text(YAML.format(cifar=Path(cifar).resolve()))
        environment = {**os.environ, "KINDRED_STORE": f"{folder}/store"}
        subprocess.run(["./kindred", "run", str(experiment)], cwd=HOME, env=environment, check=True)
        for manifest in Path(folder).glob("store/artifacts/*/artifact.json"):
            if json.loads(manifest.read_text())["producer"]["stage"] == "extract":
                write(f"{folder}/store", manifest.parent.name, file)


def copies(source, rows, file):
    import numpy as np
    real = np.fromfile(source, "<f4").reshape(-1, DIMENSION)
    random = np.random.default_rng(0)
    sample = random.choice(len(real), min(500, len(real)), replace=False)
    squared = np.sort(np.maximum(0, 2 - 2 * real[sample] @ real.T), axis=1)
    noise = np.float32(0.5 * np.median(np.sqrt(squared[:, 10])) / np.sqrt(DIMENSION))
    order = random.permutation(rows)
    made = np.lib.format.open_memmap(f"{file}.npy", "w+", "<f4", (rows, DIMENSION))
    for first in range(0, rows, len(real)):
        some = real[: min(len(real), rows - first)]
        if first > 0:
            some = some + noise * random.standard_normal(some.shape, dtype="f")
        made[order[first: first + len(some)]] = some / np.linalg.norm(some, axis=1, keepdims=True)
    made.tofile(file)
    del made
    os.remove(f"{file}.npy")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=lambda text: Path(text).resolve())
    parser.add_argument("--cifar")
    parser.add_argument("--store")
    parser.add_argument("--artifact")
    parser.add_argument("--copies")
    parser.add_argument("--rows", type=int, default=200_000)
    arguments = parser.parse_args()
    if arguments.copies:
        copies(arguments.copies, arguments.rows, arguments.file)
    elif arguments.store:
        write(arguments.store, arguments.artifact, arguments.file)
    elif arguments.cifar:
        train(arguments.cifar, arguments.file)
    else:
        parser.error("one of --cifar, --store and --copies is needed")


if __name__ == "__main__":
    main()
