#!/usr/bin/env python3
"""Measures Kindred on Flink and prints tables in Markdown: what a step costs beside its work, 2 TaskManagers beside 1, and
which way the bytes of the step `graph` go.

    ./mvnw -B -ntp -DskipTests package && runners/benchmarks/cluster.py [overhead] [scaling] [shuffle] [--rounds N] [--copies N]

Starts runners/flink/cluster with two TaskManagers, each with half of this machine's processors. For times the machine should
do nothing else. Figures are medians over the rounds; an efficiency is the median of the rounds' own.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
PORT = 8182
CLUSTER = f"flink=127.0.0.1:{PORT}"

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


def kindred(command, experiment, store, *more):
    """Returns the steps of the JSON document that a command prints, by id."""
    words = [HOME / "kindred", command, experiment, "--store", store, "--json", *more]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return {step["id"]: step for step in json.loads(done.stdout)["steps"]}


def run(experiment, store, *more):
    """Returns the seconds of each step by id."""
    return {name: step["seconds"] for name, step in kindred("run", experiment, store, *more).items()}


def work(folder, copies):
    """Runs all steps once; returns experiment and store."""
    experiment = folder / "work.yaml"
    store = folder / "store"
    if not experiment.exists():
        photographs(folder / "many", copies)
        experiment.write_text(WORK)
        run(experiment, store, "--runner", CLUSTER)
    return experiment, store


def overhead(folder, rounds, copies):
    photographs(folder / "few", 1, limit=20)
    experiment = folder / "empty.yaml"
    experiment.write_text(EMPTY)
    print("| runner | first step of a process | each further step |\n|---|---|---|")
    for runner in "embedded", "flink", CLUSTER:
        runs = [list(run(experiment, folder / f"empty-{runner}-{n}", "--runner", runner).values()) for n in range(rounds)]
        first = statistics.median(seconds[0] for seconds in runs)
        further = statistics.median(value for seconds in runs for value in seconds[1:])
        print(f"| `{runner}` | {first:.1f} s | {further:.1f} s |", flush=True)


def scaling(folder, rounds, copies):
    experiment, store = work(folder, copies)
    print("| step | 1 TaskManager | 2 TaskManagers | efficiency |\n|---|---|---|---|")
    for step in "augment", "graph":
        pairs = []
        for _ in range(rounds):
            pairs.append([run(experiment, store, "--runner", CLUSTER, "--only", step, "--force", step,
                              "--parallelism", str(tasks))[step] for tasks in (1, 2)])
        one, two = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
        efficiency = statistics.median(pair[0] / pair[1] / 2 for pair in pairs)
        print(f"| {step} | {one:.1f} s | {two:.1f} s | {efficiency:.2f} |", flush=True)


def get(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
        return json.load(answer)


def shuffle(folder, rounds, copies):
    experiment, store = work(folder, copies)
    steps = kindred("run", experiment, store, "--runner", CLUSTER, "--force", "graph")
    job = max((job for job in get("/jobs/overview")["jobs"] if job["name"].startswith("graph:")), key=lambda job: job["start-time"])
    sent = sum(vertex["metrics"]["write-bytes"] for vertex in get(f"/jobs/{job['jid']}")["vertices"])
    planned = kindred("plan", experiment, store)["graph"]["size"]

    def size(step, table):
        manifest = json.loads((Path(steps[step]["path"]) / "artifact.json").read_text())
        return sum(int(file["bytes"]) for file in manifest["content"]["files"] if file["path"].startswith(table))

    # Of B blocks each meets each and itself, so that every block is read B times.
    blocks = int((8 * planned["work_items"] + 1) ** 0.5 - 1) // 2
    rows = size("extract", "learned-embedding-")
    print("| bytes of `graph` | MB |\n|---|---|")
    for what, count in (
            ("through the shuffle, as Flink counts them", sent), ("through the shuffle, as planned", planned["bytes_shuffled"]),
            (f"rows read from files, each in {blocks} work items", blocks * rows),
            ("table of rows", rows), ("neighbour lists written", size("graph", "neighbors-"))):
        print(f"| {what} | {count / 1e6:.1f} |", flush=True)


def pin(pids):
    """Holds each of two TaskManagers to its half of the processors, which Java's flag alone does not."""
    processors = sorted(os.sched_getaffinity(0))
    half = len(processors) // 2
    for number, share in ((1, processors[:half]), (2, processors[half:])):
        for task in Path("/proc", (pids / f"taskmanager-{number}").read_text().strip(), "task").iterdir():
            os.sched_setaffinity(int(task.name), share)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["overhead", "scaling", "shuffle"], help="overhead, scaling, shuffle; all when empty")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--copies", type=int, default=40, help="of every photograph; 40 make some 120,000 nodes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as name:
        folder = Path(name)
        environment = {**os.environ, "KINDRED_CLUSTER": str(folder / "flink"), "KINDRED_CLUSTER_PORT": str(PORT)}

        def cluster(*words):
            subprocess.run([HOME / "runners/flink/cluster", *words], env=environment, check=True, stdout=sys.stderr)

        cluster("start", "2")
        pin(folder / "flink/pids")
        try:
            for what in arguments.what:
                {"overhead": overhead, "scaling": scaling, "shuffle": shuffle}[what](folder, arguments.rounds, arguments.copies)
        finally:
            cluster("stop")


if __name__ == "__main__":
    main()
