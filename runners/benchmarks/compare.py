#!/usr/bin/env python3
"""Times Kindred beside what it would replace, in turns, and prints a table in Markdown.

    ./mvnw -B -ntp -DskipTests package && runners/benchmarks/compare.py [train] [objectives] [augment] [--rounds N]

Needs Python packages torch, torchvision and Pillow; the machine should do nothing else. A figure is the median over the
rounds; a ratio is the median of the rounds' own ratios, above 1 when Kindred is faster. `objectives` has a table of its
own: what an objective costs beside the network. Graphs: graph.py beside this file.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
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
    """Returns the lines of JSON that a command prints, each with the most memory that it had, in bytes."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, cwd=HOME, env=environment(), stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0), err.seek(0)
        if status != 0:
            sys.exit(f"{' '.join(command[-4:])} failed:\n{err.read()[-2000:]}")
        lines = [json.loads(line) for line in out if line.startswith("{")]
    return [{**line, "memory": usage.ru_maxrss * 1024} for line in lines]


def kindred(module, main_class, *arguments, heap="8g", before=()):
    classpath = (HOME / "runners/target/classpath.txt").read_text().strip()
    return output([*before, "java", f"-Xmx{heap}", "--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp",
                   f"{module}/target/test-classes:{module}/target/classes:{classpath}", main_class, *map(str, arguments)])


def peer(script, *arguments):
    return output([sys.executable, f"runners/benchmarks/peers/{script}", *map(str, arguments)])[0]


def step(objective, precision="FLOAT32", architecture="RESNET18_CIFAR", side=32, steps=5):
    return kindred("tf-models", "org.kindred.models.training.TrainStepBenchmark", precision, objective, architecture, side,
                   steps)[0]


def train():
    """Images per second of training steps, and the most memory of the process."""
    torch = peer("train_step.py", 4, THREADS)
    for precision in "float32", "bfloat16":
        ours = step("invaspread {}", precision.upper())
        work = f"training step, CIFAR ResNet-18, 2 x 128 views, {precision}"
        yield work, "images/s", ours["images_per_s"], "PyTorch float32", torch["images_per_s"]
        yield f"{work}, peak memory", "GB", ours["memory"] / 1e9, "PyTorch float32", torch["memory"] / 1e9


OBJECTIVES = {  # the most of the step that may be the objective's own
    "invaspread {}": 0.1,
    "instdisc {}": 0.1,
    "swav { prototypes: 512 }": 0.1,
    "invp { start_epoch: 0 }": 0.2,
    "invp { start_epoch: 0 refresh: NEIGHBOR_REFRESH_EPOCH_START }": 0.2,
}


def objectives(rounds):
    """Prints how long steps with each objective take, of 128 of 50,000 images, and how much of it is the objective's."""
    print("| objective | step of CIFAR ResNet-18, s | objective's own, s | share | aim | waits for input |\n"
          "|---|---|---|---|---|---|")
    for objective, aim in OBJECTIVES.items():
        whole = [step(objective) for _ in range(rounds)]
        # The smallest network on views of 4 pixels takes some milliseconds, which count as the objective's.
        own = [step(objective, architecture="RESNET10_HALF", side=4, steps=20)["step_s"] for _ in range(rounds)]
        seconds = statistics.median(line["step_s"] for line in whole)
        share = statistics.median(part / line["step_s"] for part, line in zip(own, whole))
        wait = statistics.median(line["input_wait"] for line in whole)
        print(f"| `{objective}` | {seconds:.2f} | {statistics.median(own):.3f} | {share:.1%} | {aim:.0%} | {wait:.2%} |",
              flush=True)


def augment():
    """Images per second and core."""
    ours = {line["benchmark"]: line for line in kindred("stages", "org.kindred.stages.image.ImageBenchmark")}
    for recipe, rate in peer("augment.py").items():
        yield f"views, {recipe}", "images/s/core", ours[recipe]["images_per_s_per_core"], "torchvision", rate


def print_table(rows):
    """Prints what `rows` has by (work, unit, name of the baseline): pairs of figures, ours and theirs."""
    print("| work | unit | Kindred | baseline | ratio |\n|---|---|---|---|---|")
    for (work, unit, their_name), pairs in rows.items():
        ratio = statistics.median(a / b if unit.startswith("images") else b / a for a, b in pairs)
        ours, theirs = (statistics.median(side) for side in zip(*pairs))
        print(f"| {work} | {unit} | {ours:,.4g} | {theirs:,.4g} ({their_name}) | {ratio:.2f} |")


def compare(names, rounds):
    rows = {}
    for _ in range(rounds):
        for name in names:
            for work, unit, ours, their_name, theirs in COMPARED[name]():
                rows.setdefault((work, unit, their_name), []).append((ours, theirs))
    print_table(rows)


COMPARED = {"train": train, "augment": augment}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    valid = [*COMPARED, "objectives"]
    parser.add_argument("what", nargs="*", choices=[[], *valid])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    what = arguments.what or valid
    compared = [name for name in what if name in COMPARED]
    if compared:
        compare(compared, arguments.rounds)
    if "objectives" in what:
        objectives(arguments.rounds)


if __name__ == "__main__":
    main()
