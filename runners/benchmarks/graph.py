#!/usr/bin/env python3
"""Times Kindred's neighbour graphs beside FAISS and hnswlib, in turns, and prints a table in Markdown.

    ./mvnw -B -ntp -DskipTests package
    runners/benchmarks/embeddings.py rows.f32 --cifar /path/to/cifar-10-batches-bin
    runners/benchmarks/graph.py rows.f32 [exact] [approximate] [scaling] [million] [--rounds N]

Rows are 128-dimensional embeddings of real images, see embeddings.py; more than there are images are jittered copies.
Needs Python packages faiss and hnswlib; the machine should do nothing else. Kindred and its peer read the rows before the
clock starts; a first call of either is not counted. `exact` times the search, `approximate` the whole stage (reading, training, searching, measuring recall,
writing), in a new process and once more in the same, when Java has compiled it; of hnswlib nothing but building and
querying counts. `scaling` adds time and peak memory of the stage at N, 2N and 4N, and on 1 processor; `million` a graph of
1,280,000 rows with a heap of 4 GiB. What `seconds` cannot show on a shared machine, processor seconds do.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import HOME, THREADS, kindred, peer, print_table

DIMENSION = 128
SEARCH = "org.kindred.models.neighbors.GraphBenchmark"
STAGE = "org.kindred.stages.graph.GraphStageBenchmark"


class Rows:
    """Files of so many rows each, made of the real ones when asked for."""

    def __init__(self, real, folder):
        self.real, self.folder = Path(real).resolve(), Path(folder)

    def of(self, count):
        file = self.folder / f"{count}.f32"
        if not file.exists():
            subprocess.run([sys.executable, HOME / "runners/benchmarks/embeddings.py", file, "--copies", self.real,
                            "--rows", str(count)], check=True)
        return file


def exact(rows):
    for count, ks in (50_000, (4, 200)), (200_000, (10,)):
        theirs = peer("knn_graph.py", rows.of(count), DIMENSION, THREADS, *ks)
        for ours in kindred("tf-models", SEARCH, rows.of(count), DIMENSION, 1, *ks):
            yield f"exact graph, {count:,} x {DIMENSION}, k={ours['k']}", "FAISS IndexFlatIP", ours, theirs[f"k{ours['k']}"]


def stage(rows, count, *recall, runs=1, before=()):
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as store:
        return kindred("stages", STAGE, rows.of(count), DIMENSION, 10, store, runs, *recall, heap="4g", before=before)


def approximate(rows):
    count, recall = 200_000, 0.95
    theirs = peer("knn_graph.py", rows.of(count), DIMENSION, THREADS, 10, "--recall", recall)["k10"]
    for ours, process in zip(stage(rows, count, recall, runs=2), ("new process", "process that has done it before")):
        yield (f"approximate graph, {count:,} x {DIMENSION}, k=10, recall {recall}, stage in a {process}",
               f"hnswlib, build and query all, recall {recall}", ours, theirs)


def peak(rows, count, *recall, processors=None):
    """The stage's figures and the most memory that its process had resident."""
    with tempfile.NamedTemporaryFile() as report:
        before = ["/usr/bin/time", "-v", "-o", report.name]
        if processors:
            before += ["taskset", "-c", processors]
        ours = stage(rows, count, *recall, before=before)[0]
        kilobytes = re.search(r"Maximum resident set size \(kbytes\): (\d+)", Path(report.name).read_text())
        return ours | {"resident": int(kilobytes[1]) * 1024}


def scaling(rows):
    print("\n| stage graph, k=10 | rows | processors | seconds | processor seconds | resident |\n|---|---|---|---|---|---|")
    for name, recall in ("exact", ()), ("approximate, recall 0.95", (0.95,)):
        for count in 50_000, 100_000, 200_000:
            for processors in ("0", None) if count == 50_000 else (None,):
                print_stage(name, peak(rows, count, *recall, processors=processors), processors)


def print_stage(name, ours, processors=None):
    print(f"| {name} | {ours['n']:,} | {1 if processors else os.cpu_count()} | {ours['seconds']:.1f} |"
          f" {ours['cpu_seconds']:.1f} | {ours['resident'] / 2 ** 30:.2f} GiB |", flush=True)


def million(rows):
    print("\n| stage graph, k=10 | rows | processors | seconds | processor seconds | resident |\n|---|---|---|---|---|---|")
    for name, recall in ("approximate, recall 0.95", (0.95,)), ("exact", ()):
        print_stage(name, peak(rows, 1_280_000, *recall))


def main():
    paired, alone = {"exact": exact, "approximate": approximate}, {"scaling": scaling, "million": million}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows")
    parser.add_argument("what", nargs="*", choices=[[], *paired, *alone])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    what = arguments.what or list(paired)
    table = {}
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as folder:
        rows = Rows(arguments.rows, folder)
        for _ in range(arguments.rounds):
            for name in [name for name in what if name in paired]:
                for work, their_name, ours, theirs in paired[name](rows):
                    for unit in "seconds", "cpu_seconds":
                        of = "" if unit == "seconds" else ", processor seconds"
                        table.setdefault((work + of, "s", their_name), []).append((ours[unit], theirs[unit]))
        if table:
            print_table(table)
        for name in [name for name in what if name in alone]:
            alone[name](rows)


if __name__ == "__main__":
    main()
