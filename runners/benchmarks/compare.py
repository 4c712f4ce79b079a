#!/usr/bin/env python3
"""Times Kindred beside what it would replace, in turns, and prints a table in Markdown.

    ./mvnw -B -ntp -DskipTests package && runners/benchmarks/compare.py [train] [augment] [graph] [--rounds N]

Needs Python packages torch, torchvision, faiss and Pillow; the machine should do nothing else. A figure is the median
over the rounds; a ratio is the median of the rounds' own ratios, above 1 when Kindred is faster.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
THREADS = os.cpu_count()


def environment():
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if "avx512f" in Path("/proc/cpuinfo").read_text():
        # OpenBLAS takes a processor newer than itself for a very old one, which makes FAISS three times slower.
        variables.setdefault("OPENBLAS_CORETYPE", "SKYLAKEX")
    return variables


def output(command):
    done = subprocess.run(command, cwd=HOME, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[-4:])} failed:\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def kindred(module, main_class, *arguments):
    classpath = (HOME / "runners/target/classpath.txt").read_text().strip()
    return output(["java", "-Xmx8g", "--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp",
                   f"{module}/target/test-classes:{module}/target/classes:{classpath}", main_class, *map(str, arguments)])


def peer(script, *arguments):
    return output([sys.executable, f"runners/benchmarks/peers/{script}", *map(str, arguments)])[0]


def train():
    """Images per second of training steps."""
    main_class = "org.kindred.models.training.TrainStepBenchmark"
    torch = peer("train_step.py", 4, THREADS)["images_per_s"]
    for precision in "float32", "bfloat16":
        ours = kindred("tf-models", main_class, precision.upper(), 5)[0]["images_per_s"]
        yield f"training step, CIFAR ResNet-18, 2 x 128 views, {precision}", "images/s", ours, "PyTorch float32", torch


def augment():
    """Images per second and core."""
    ours = {line["benchmark"]: line for line in kindred("stages", "org.kindred.stages.image.ImageBenchmark")}
    for recipe, rate in peer("augment.py").items():
        yield f"views, {recipe}", "images/s/core", ours[recipe]["images_per_s_per_core"], "torchvision", rate


def graph():
    """Seconds for the exact graph of 50,000 x 128."""
    sizes, ks = (50_000, 128), (4, 10, 200)
    ours = kindred("tf-models", "org.kindred.models.neighbors.GraphBenchmark", *sizes, 3, *ks)[0]["seconds"]
    theirs = peer("knn_graph.py", *sizes, THREADS, *ks)["seconds"]
    for k in ks:
        yield f"exact kNN graph, 50,000 x 128, k={k}", "s", ours[f"k{k}"], "FAISS IndexFlatIP", theirs[f"k{k}"]


def main():
    measurements = {"train": train, "augment": augment, "graph": graph}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=[[], *measurements])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows = {}
    for _ in range(arguments.rounds):
        for name in arguments.what or measurements:
            for work, unit, ours, their_name, theirs in measurements[name]():
                rows.setdefault((work, unit, their_name), []).append((ours, theirs))
    print("| work | unit | Kindred | baseline | ratio |\n|---|---|---|---|---|")
    for (work, unit, their_name), pairs in rows.items():
        ratio = statistics.median(b / a if unit == "s" else a / b for a, b in pairs)
        ours, theirs = (statistics.median(side) for side in zip(*pairs))
        print(f"| {work} | {unit} | {ours:,.4g} | {theirs:,.4g} ({their_name}) | {ratio:.2f} |")


if __name__ == "__main__":
    main()
