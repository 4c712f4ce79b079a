#!/usr/bin/env python3
"""Trains every method and its ablations for a short time and prints what they learned, as tables in Markdown.

    ./mvnw -B -ntp -DskipTests package && runners/benchmarks/learning.py CIFAR [NAME...] [--seeds N] [--epochs N] [--store DIR]

CIFAR is the folder of CIFAR-10's binary version. Trains the small ResNet-10 on the first 10,000 training images and asks
weighted kNN (K=200, temperature 0.1) and the linear probe on all 10,000 test images. NAMEs choose rows; all when none is
given. A store that is kept spares what it holds, so that a script that was stopped goes on.

Directions that the papers report are checked on the means: a difference below the standard deviations is no difference.
"""
import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]

EXPERIMENT = """name: learning
seed: {seed}
steps:
  - stage: ingest
    config: {{source: "{source}", format: cifar10_binary}}
  - stage: pretrain
    config:
      network: {{architecture: resnet10_half, embedding_dimension: 128{head}}}
      views: {{preset: {recipe}, size: 32{leave_out}}}
      evaluation: {{preset: test, size: 32}}
      objective: {objective}
      optimizer: {{learning_rate: {rate}, momentum: 0.9, weight_decay: {decay}}}
      schedule: {{cosine: {{per_step: true, warmup_epochs: {warmup}}}}}
      epochs: {epochs}
      batch_size: {batch}
      monitor: {{holdout: 0}}
  - stage: extract
    config: {{layers: [embedding, pooled], baselines: {baselines}}}
  - stage: evaluate
    config:
      layers: [embedding]
      knn: {{k: 200, temperature: 0.1}}
      linear_probe: {{layers: [pooled]}}
"""

# A memory bank begins with noise: until it has seen the images once or twice, they are not worth large steps. With a bank
# a batch says nothing of the negatives, so that a small one, of which an epoch has more, learns faster.
INSTDISC = {"recipe": "A-cifar-id", "objective": "{instdisc: {temperature: 0.1}}", "rate": 0.01, "batch": 64, "warmup": 2}
INVASPREAD = {"recipe": "A-cifar-is", "objective": "{invaspread: {temperature: 0.1}}"}
# Half of the epochs bring the bank in order; 1,000 of 10,000 rows are about the share that 4,096 of 50,000 are.
INVP = {"temperature": 0.1, "background": 1000}
# With the published temperature, 0.1, and hundreds of prototypes the loss stays at ln K for longer than these runs take.
SWAV = {"recipe": "A-cifar-swav", "objective": "{swav: {prototypes: 30, temperature: 0.5, freeze_steps: 156}}", "rate": 0.06,
        "batch": 64, "decay": 0.000001, "head": ", head: {mlp: {hidden: 512, batch_norm: true}}"}


def instdisc(loss):
    return {**INSTDISC, "objective": f"{{instdisc: {{temperature: 0.1, {loss}}}}}"}


def invaspread(more="", leave_out=""):
    objective = f"{{invaspread: {{temperature: 0.1{more}}}}}"
    return {**INVASPREAD, "objective": objective, "leave_out": f", leave_out: [{leave_out}]" if leave_out else ""}


def invp(**changes):
    return {**INSTDISC, "invp": {**INVP, **changes}}


METHODS = {
    "InstDisc": INSTDISC,
    "InvaSpread": INVASPREAD,
    "SwAV": SWAV,
    "InvP": invp(),
}
ABLATIONS = {
    "InstDisc, NCE m=1": instdisc("loss: nce, noise_samples: 1"),
    "InstDisc, NCE m=512": instdisc("loss: nce, noise_samples: 512"),
    "InvaSpread, no augmentation": {**INVASPREAD, "recipe": "none"},
    "InvaSpread, no crop": invaspread(leave_out="random_resized_crop"),
    "InvaSpread, no colour jitter": invaspread(leave_out="color_jitter"),
    "InvaSpread, no grey": invaspread(leave_out="grayscale"),
    "InvaSpread, no flip": invaspread(leave_out="horizontal_flip"),
    "InvaSpread, hard half of the negatives": invaspread(", negatives: hard_half"),
    "InvaSpread, easy half of the negatives": invaspread(", negatives: easy_half"),
    "InvP, KNN positives": invp(positives="nearest", nearest=84),
    "InvP, all positives": invp(selection="all"),
    "InvP, easy positives": invp(selection="easy"),
    "InvP, no hard negatives": invp(background=0, invariance_background="without_self"),
    "InvP, instances only": {**INSTDISC, "objective": "{invp: {temperature: 0.1, background: 1000, invariance_weight: 0}}"},
}
# Better first; the paper that says so (methods and figures: README).
DIRECTIONS = [
    ("InstDisc, NCE m=512", "InstDisc, NCE m=1", "InstDisc"),
    ("InstDisc", "InstDisc, NCE m=1", "InstDisc"),
    *(("InvaSpread", name, "InvaSpread") for name in ABLATIONS if name.startswith("InvaSpread, no ")),
    ("InvaSpread", "InvaSpread, easy half of the negatives", "InvaSpread"),
    ("InvaSpread, hard half of the negatives", "InvaSpread, easy half of the negatives", "InvaSpread"),
    *(("InvP", name, "InvP") for name in ABLATIONS if name.startswith("InvP")),
    ("InvaSpread", "InstDisc", "InvaSpread"),
]


def subset(cifar, folder):
    """The first 10,000 training images and all test images."""
    for name in "data_batch_1.bin", "test_batch.bin":
        file = Path(cifar) / name
        if not file.exists():
            sys.exit(f"{file} is not there: CIFAR must be the folder of CIFAR-10's binary version")
        link = folder / name
        if not link.exists():
            link.symlink_to(file.resolve())
    return folder


def train(settings, source, seed, epochs, store, baselines):
    """Returns the measured values of one run, by name; those of the untrained network when asked for."""
    values = {"recipe": None, "head": "", "leave_out": "", "rate": 0.03, "batch": 128, "decay": 0.0005, "warmup": 0,
              "baselines": str(baselines).lower(), **settings}
    if "invp" in values:
        values["objective"] = json.dumps({"invp": {**values["invp"], "start_epoch": epochs // 2}})
    experiment = store / "learning.yaml"
    experiment.write_text(EXPERIMENT.format(seed=seed, source=source, epochs=epochs, **values))
    process = subprocess.Popen([HOME / "kindred", "run", experiment, "--store", store / "artifacts", "--json"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{values['objective']} failed:\n{err[-3000:]}")
    steps = {step["id"]: step for step in json.loads(out)["steps"]}
    manifests = {name: json.loads((Path(step["path"]) / "artifact.json").read_text()) for name, step in steps.items()}
    measured = {"steps": int(manifests["pretrain"]["content"]["model"]["steps"]),
                "images/s": manifests["pretrain"]["producer"]["measurements"].get("images_per_second", math.nan),
                "memory": manifests["pretrain"]["producer"]["measurements"].get("peak_memory_bytes", math.nan)}
    for metric in manifests["evaluate"]["content"]["evaluation"]["metrics"]:
        source = metric["features"].removeprefix("FEATURE_SOURCE_").lower()
        measured.setdefault(f"{metric['name']} {source} {metric['layer']}", metric["value"])
    return measured


def spread(values):
    deviation = statistics.stdev(values) if len(values) > 1 else 0
    return f"{100 * statistics.mean(values):.1f} ± {100 * deviation:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--store", type=Path)
    arguments = parser.parse_args()
    rows = {**METHODS, **ABLATIONS}
    unknown = [name for name in arguments.names if name not in rows]
    if unknown:
        parser.error(f"{', '.join(unknown)}: valid names are {'; '.join(rows)}")
    with tempfile.TemporaryDirectory(prefix="kindred-learning-") as scratch:
        store = arguments.store or Path(scratch)
        store.mkdir(parents=True, exist_ok=True)
        (store / "cifar").mkdir(exist_ok=True)
        source = subset(arguments.cifar, store / "cifar").resolve()
        print("| training | steps | kNN, % | linear probe, % | images/s | peak memory |\n|---|---|---|---|---|---|")
        results = {}
        for name in arguments.names or rows:
            runs = [train(rows[name], source, seed, arguments.epochs, store, not results)
                    for seed in range(1, arguments.seeds + 1)]
            if not results:
                print(f"| untrained network | 0 | {spread([run['knn_top1 untrained embedding'] for run in runs])} | "
                      f"{spread([run['linear_probe_top1 untrained pooled'] for run in runs])} | | |")
            results[name] = [run["knn_top1 learned embedding"] for run in runs]
            print(f"| {name} | {runs[0]['steps']:,} | {spread(results[name])} | "
                  f"{spread([run['linear_probe_top1 learned pooled'] for run in runs])} | "
                  f"{statistics.median(run['images/s'] for run in runs):.0f} | "
                  f"{max(run['memory'] for run in runs) / 1e9:.1f} GB |", flush=True)
    print("\n| direction | paper | difference of kNN, points | holds |\n|---|---|---|---|")
    for better, worse, paper in DIRECTIONS:
        if better in results and worse in results:
            difference = statistics.mean(results[better]) - statistics.mean(results[worse])
            noise = max(statistics.stdev(results[name]) if arguments.seeds > 1 else 0 for name in (better, worse))
            verdict = "yes" if difference > noise else "no" if difference < -noise else "no difference"
            print(f"| {better} above {worse} | {paper} | {100 * difference:+.1f} | {verdict} |")


if __name__ == "__main__":
    main()
