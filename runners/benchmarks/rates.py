#!/usr/bin/env python3
"""Measures how fast each stage does its work on this machine: the rates that `kindred plan` counts core-hours by.

    ./kindred plan quickstart > /dev/null && runners/benchmarks/rates.py [--images N]

Makes CIFAR-10's binary files of smooth random images, runs every step in a process of its own, and divides the work that
`plan` tells of the step by the processor seconds that the process took, those of a process that reads a few images taken off. Processor seconds count the same beside other work, which only makes them a little longer.
"""
import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
YAML = """
name: rates
steps:
  - {{id: start, stage: ingest, config: {{source: {folder}/few, format: cifar10_binary}}}}
  - stage: ingest
    config: {{source: {folder}/cifar, format: cifar10_binary}}
  - {{id: photographs, stage: ingest, config: {{source: {home}/testdata/clothing-64.zip, format: image_tree}}}}
  - {{stage: augment, inputs: {{dataset: ingest}}, config: {{views: {{preset: A-cifar-is, size: 32}}}}}}
  - stage: pretrain
    inputs: {{dataset: photographs}}
    config:
      network: {{architecture: resnet18_cifar, embedding_dimension: 128}}
      views: {{preset: A-cifar-is, size: 32}}
      evaluation: {{preset: test, size: 32}}
      objective: {{invaspread: {{}}}}
      split: test
      epochs: 1
      monitor: {{holdout: 0}}
  - {{stage: extract, inputs: {{dataset: photographs, model: pretrain}}, config: {{baselines: false}}}}
  - stage: pretrain
    id: quick
    inputs: {{dataset: photographs}}
    config:
      network: {{architecture: resnet10_half, embedding_dimension: 128}}
      views: {{preset: A-cifar-is, size: 8}}
      evaluation: {{preset: test, size: 8}}
      objective: {{invaspread: {{}}}}
      epochs: 1
      monitor: {{holdout: 0}}
  - {{stage: extract, id: many, inputs: {{dataset: ingest, model: quick}}, config: {{layers: [embedding]}}}}
  - {{stage: graph, inputs: {{embeddings: many}}}}
  - {{stage: propagate, inputs: {{embeddings: many, graph: graph}}}}
  - {{stage: cluster, inputs: {{embeddings: many}}, config: {{iterations: 20, restarts: 4}}}}
  - {{stage: evaluate, inputs: {{embeddings: many}}}}
"""


def write_images(folder, images):
    """Writes files like CIFAR-10's; an image is a gradient of two colours with some noise."""
    folder.mkdir()
    draw = random.Random(0)
    noise = [draw.randbytes(1024) for _ in range(64)]
    for name, count in ("data_batch_1.bin", images), ("test_batch.bin", images // 5):
        with open(folder / name, "wb") as file:
            for i in range(count):
                file.write(bytes([i % 10]))
                for _ in range(3):
                    start, slope = draw.randrange(128), draw.randrange(4)
                    speckle = draw.choice(noise)
                    file.write(bytes(start + slope * (p % 32) + (speckle[p] >> 5) for p in range(1024)))


def kindred(*arguments):
    """Runs a command; returns its JSON and the processor seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([HOME / "kindred", *arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"kindred {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=50_000)
    images = parser.parse_args().images
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder) / "few", 50)
        write_images(Path(folder) / "cifar", images)
        experiment = Path(folder) / "rates.yaml"
        experiment.write_text(YAML.format(folder=folder, home=HOME))
        where = (str(experiment), "--store", f"{folder}/store")
        seconds = {step["id"]: kindred("run", *where, "--only", step["id"])[1] for step in kindred("plan", *where)[0]["steps"]}
        for step in kindred("plan", *where)[0]["steps"][1:]:
            work, taken = step["size"]["work"], seconds[step["id"]] - seconds["start"]
            if step["id"] == "cluster":
                work *= iterations(folder) / 20
            print(f"{step['id']:12} {work:10.3g} {step['size']['work_unit']:20} {taken:7.1f} s {work / taken:10.3g} a core second")


def iterations(folder):
    """Iterations that the winning restarts took, of the 20 that `plan` counts."""
    for manifest in Path(folder, "store/artifacts").glob("*/artifact.json"):
        results = json.loads(manifest.read_text())["content"].get("clustering", {}).get("results", [])
        if results:
            return sum(len(result["inertia"]) for result in results) / len(results)
    sys.exit("there is no Clustering")


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    main()
