#!/usr/bin/env python3
"""Times Kindred on Flink and prints tables in Markdown: what a step costs beside its work, and 2 TaskManagers beside 1.

    ./mvnw -B -ntp -DskipTests package && runners/benchmarks/cluster.py [overhead] [scaling] [--rounds N]

Starts runners/flink/cluster with two TaskManagers, each with half of this machine's processors. The machine should do
nothing else. Figures are medians over the rounds; an efficiency is the median of the rounds' own.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
PORT = 8182
CLUSTER = f"flink=127.0.0.1:{PORT}"
COPIES = 40  # of every photograph: some 120,000 nodes

EMPTY_STEPS = 6
EMPTY = """name: empty
steps:
""" + "".join(
    f"  - {{id: empty-{n}, stage: ingest, config: {{source: few, format: image_tree, max_side: {5000 + n}}}}}\n"
    for n in range(EMPTY_STEPS))

WORK = """name: work
steps:
  - {stage: ingest, config: {source: many, format: image_tree, shard_rows: 4096}}
  - {stage: augment, config: {views: {preset: A-cifar-is, size: 48}, epochs: 3, views_per_example: 2}}
  - stage: pretrain
    config:
      split: test
      network: {architecture: resnet10_half, embedding_dimension: 128}
      views: {preset: A-cifar-is, size: 32}
      evaluation: {preset: test, size: 32}
      objective: {invaspread: {temperature: 0.2}}
      epochs: 1
  - {stage: extract, config: {layers: [embedding], shard_rows: 4096}}
  - {stage: graph, config: {k: 10}}
"""


def photographs(folder, copies, limit=None):
    with zipfile.ZipFile(HOME / "testdata/clothing-64.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")]
        archive.extractall(folder, names[:limit])
    for image in list(folder.rglob("*.jpg")):
        for copy in range(1, copies):
            image.with_name(f"{image.stem}-{copy}.jpg").hardlink_to(image)


def run(experiment, store, *more):
    """Returns the seconds of each step by id."""
    command = [HOME / "kindred", "run", experiment, "--store", store, "--json", *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return {step["id"]: step["seconds"] for step in json.loads(done.stdout)["steps"]}


def overhead(folder, rounds):
    photographs(folder / "few", 1, limit=20)
    experiment = folder / "empty.yaml"
    experiment.write_text(EMPTY)
    print("| runner | first step of a process | each further step |\n|---|---|---|")
    for runner in "embedded", "flink", CLUSTER:
        runs = [list(run(experiment, folder / f"empty-{runner}-{n}", "--runner", runner).values()) for n in range(rounds)]
        first = statistics.median(seconds[0] for seconds in runs)
        further = statistics.median(value for seconds in runs for value in seconds[1:])
        print(f"| `{runner}` | {first:.1f} s | {further:.1f} s |", flush=True)


def scaling(folder, rounds):
    photographs(folder / "many", COPIES)
    experiment = folder / "work.yaml"
    experiment.write_text(WORK)
    store = folder / "store"
    run(experiment, store, "--runner", CLUSTER)
    print("| step | 1 TaskManager | 2 TaskManagers | efficiency |\n|---|---|---|---|")
    for step in "augment", "graph":
        pairs = []
        for _ in range(rounds):
            pairs.append([run(experiment, store, "--runner", CLUSTER, "--only", step, "--force", step,
                              "--parallelism", str(tasks))[step] for tasks in (1, 2)])
        one, two = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
        efficiency = statistics.median(pair[0] / pair[1] / 2 for pair in pairs)
        print(f"| {step} | {one:.1f} s | {two:.1f} s | {efficiency:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["overhead", "scaling"], help="overhead, scaling; both when empty")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as name:
        folder = Path(name)
        environment = {**os.environ, "KINDRED_CLUSTER": str(folder / "flink"), "KINDRED_CLUSTER_PORT": str(PORT)}

        def cluster(*words):
            subprocess.run([HOME / "runners/flink/cluster", *words], env=environment, check=True, stdout=sys.stderr)

        cluster("start", "2")
        try:
            for what in arguments.what:
                {"overhead": overhead, "scaling": scaling}[what](folder, arguments.rounds)
        finally:
            cluster("stop")


if __name__ == "__main__":
    main()
