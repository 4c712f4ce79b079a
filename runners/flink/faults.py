#!/usr/bin/env python3
"""Breaks runs on a Flink cluster and prints what became of them, as a table in Markdown.

    ./mvnw -B -ntp -DskipTests package && runners/flink/faults.py [--only WORDS]

Starts runners/flink/cluster with two TaskManagers. Each case runs one step in a store that holds all that the step reads,
breaks something while the step's job runs, and, when the run failed, mends it and runs again. It holds when in the end the
step has the artifact of an undisturbed run, whole, and the store holds no other. Full and read-only disks need root, for a
small tmpfs; they are left out without it.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
PORT = 8181
REST = f"http://127.0.0.1:{PORT}"
COPIES = 8  # of every photograph: seconds of work for each stage
ENOUGH = "4g"  # of disk for all that is read and made
PATIENCE = 300  # seconds until a run counts as hung


class Cluster:
    """A JobManager and two TaskManagers."""

    def __init__(self, folder):
        self.pids = folder / "pids"
        self.environment = {**os.environ, "KINDRED_CLUSTER": str(folder), "KINDRED_CLUSTER_PORT": str(PORT)}

    def script(self, *arguments):
        subprocess.run([HOME / "runners/flink/cluster", *arguments], env=self.environment, check=True, stdout=sys.stderr)

    def kill(self, name):
        os.kill(int((self.pids / name).read_text()), signal.SIGKILL)
        (self.pids / name).unlink()

    def task_managers(self):
        return sorted(path.name for path in self.pids.glob("taskmanager-*"))

    def restart(self):
        self.script("stop")
        self.script("start", "2")


def get(path):
    with urllib.request.urlopen(REST + path, timeout=10) as answer:
        return json.load(answer)


def running_job():
    """Returns the id of the job whose tasks run."""
    for job in get("/jobs/overview")["jobs"]:
        if job["state"] == "RUNNING" and job["tasks"]["running"] > 0:
            return job["jid"]
    return None


def busy_task_manager(job, sources=False):
    """Returns the TaskManager that runs a task of the job which has worked for a second, if there is one.

    Most sources only list the work, and do not count.
    """
    for vertex in get(f"/jobs/{job}")["vertices"]:
        if sources or not vertex["name"].startswith("Source:"):
            for subtask in get(f"/jobs/{job}/vertices/{vertex['id']}")["subtasks"]:
                if subtask["status"] == "RUNNING" and subtask["duration"] > 1000:
                    return subtask["taskmanager-id"]
    return None


class Run:
    """`./kindred run` of one step as a process."""

    def __init__(self, experiment, store, *more):
        self.log = tempfile.NamedTemporaryFile("w+", prefix="kindred-faults-", suffix=".log")
        self.started = time.monotonic()
        command = [HOME / "kindred", "run", experiment, "--store", store, "--json", "--runner", f"flink=127.0.0.1:{PORT}"]
        self.process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=self.log, text=True)

    def wait(self):
        """Returns the digests of the steps by id, or the message of the failure, or None when killed."""
        try:
            out, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return f"HUNG for {PATIENCE} s"
        if self.process.returncode == 0:
            return {step["id"]: step["artifact"] for step in json.loads(out)["steps"]}
        lines = Path(self.log.name).read_text().splitlines()
        return next((line for line in reversed(lines) if line.startswith("kindred: ")), None)

    def seconds(self):
        return time.monotonic() - self.started


def photographs(folder):
    """The shipped photographs, each several times, and some files that are none."""
    with zipfile.ZipFile(HOME / "testdata/clothing-64.zip") as archive:
        archive.extractall(folder)
    for image in list(folder.rglob("*.jpg")):
        for copy in range(1, COPIES):
            image.with_name(f"{image.stem}-{copy}.jpg").hardlink_to(image)
    for number in range(20):
        (folder / f"train/hat/bad-{number}.jpg").write_text(f"no image {number}")


def store_before(baseline, store, step, digests):
    """Copies what the step reads, and nothing that it or its readers made."""
    steps = list(digests)
    later = {digests[name] for name in steps[steps.index(step):]}
    shutil.copytree(baseline, store, dirs_exist_ok=True, ignore=shutil.ignore_patterns("runs", "staging", "checkpoints", *later))
    for key in (store / "keys").iterdir():
        if json.loads(key.read_text())["artifact"] in later:
            key.unlink()


def mount(store, room):
    """Makes the store a disk of its own, of so many bytes."""
    store.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", store], check=True)


def too_little(baseline, reads, made):
    """Returns the bytes in which all that a step reads fits, and half of what it makes."""
    def size(digest):
        return sum(file.stat().st_size for file in (baseline / "artifacts" / digest).rglob("*") if file.is_file())

    return sum(map(size, reads)) + size(made) // 2


def remount(store, option):
    subprocess.run(["mount", "-o", f"remount,{option}", store], check=True)


def wait_for(what, of):
    for _ in range(600):
        found = of()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"{what} did not come")


def under_way(store, step):
    """Waits until the step's tasks work, in training until its first checkpoint is there; returns job and TaskManager."""
    job = wait_for("the job", running_job)
    if step == "pretrain":
        wait_for("a checkpoint", lambda: any((store / "checkpoints").glob("*/epoch-*")))
    return job, wait_for("a task", lambda: busy_task_manager(job, sources=step == "pretrain"))


def check(fault, step, strike, mend, context):
    cluster, experiment, baseline, digests, folder = context
    store = folder / f"{fault}-{step}".replace(" ", "-")
    if "disk" in fault:
        steps = list(digests)
        reads = [digests[name] for name in steps[:steps.index(step)]]
        mount(store, too_little(baseline, reads, digests[step]) if strike is fill else ENOUGH)
    store_before(baseline, store, step, digests)
    run = Run(experiment, store, "--only", step)
    try:
        job, worker = under_way(store, step)
        strike(cluster, run, store, worker)
        first = run.wait()
        seconds = run.seconds()
        struck = not isinstance(first, dict) or get(f"/jobs/{job}/exceptions")["exceptionHistory"]["entries"]
        mend(cluster, run, store)
        again = first if isinstance(first, dict) else Run(experiment, store, "--only", step).wait()
        end = judge(again, step, digests, store) if struck else "NOT STRUCK: it was done before"
        what = "went on" if isinstance(first, dict) else first or "died; the next one took over its job"
        print(f"| {fault} | {step} | {what} | {end} | {seconds:.0f} |", flush=True)
    finally:
        run.process.kill()
        if store.is_mount():
            subprocess.run(["umount", "--lazy", store], check=True)  # workers may still map files
        shutil.rmtree(store)
    return end.startswith("same")


def judge(outcome, step, digests, store):
    if not isinstance(outcome, dict):
        return f"FAILED AGAIN: {outcome}"
    if outcome[step] != digests[step]:
        return f"ANOTHER ARTIFACT: {outcome[step]}"
    expected = set(list(digests.values())[: list(digests).index(step) + 1])
    held = {path.name for path in (store / "artifacts").iterdir()}
    if held != expected:
        return f"OTHER ARTIFACTS TOO: {sorted(held - expected)}"
    for digest in held:
        if subprocess.run([HOME / "kindred", "verify", digest, "--store", store], stdout=subprocess.DEVNULL).returncode:
            return f"DAMAGED: {digest}"
    return "same artifact, whole"


def kill_task_manager(cluster, run, store, worker):
    cluster.kill(worker)


def kill_job_manager(cluster, run, store, worker):
    cluster.kill("jobmanager")


def kill_client(cluster, run, store, worker):
    run.process.kill()


def protect(cluster, run, store, worker):
    remount(store, "ro")


def fill(cluster, run, store, worker):
    """The disk is too small from the start."""


def grow(cluster, run, store):
    remount(store, f"size={ENOUGH}")


def unprotect(cluster, run, store):
    remount(store, "rw")


def add_task_managers(cluster, run, store):
    for _ in range(2 - len(cluster.task_managers())):
        cluster.script("add")
    wait_for("two slots", lambda: get("/overview")["slots-total"] == 2)


def restart(cluster, run, store):
    cluster.restart()


def nothing(cluster, run, store):
    pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose fault and step hold these words")
    wanted = parser.parse_args().only
    cases = [("TaskManager killed", step, kill_task_manager, add_task_managers)
             for step in ("ingest", "augment", "pretrain", "extract", "graph", "cluster")]
    cases += [("client killed", step, kill_client, nothing) for step in ("graph", "pretrain")]
    cases += [("JobManager killed", step, kill_job_manager, restart) for step in ("graph", "pretrain")]
    if os.geteuid() == 0:
        cases += [("full disk", "augment", fill, grow), ("disk made read-only", "graph", protect, unprotect)]
    folder = Path(tempfile.mkdtemp(prefix="kindred-faults-"))
    photographs(folder / "photographs")
    experiment = shutil.copy(HOME / "runners/flink/faults.yaml", folder)
    cluster = Cluster(folder / "flink")
    cluster.script("start", "2")
    try:
        baseline = folder / "baseline"
        digests = Run(experiment, baseline).wait()
        if not isinstance(digests, dict):
            raise SystemExit(f"the undisturbed run failed: {digests}")
        print("| fault | during | what the run did | in the end | seconds |\n|---|---|---|---|---|")
        context = cluster, experiment, baseline, digests, folder
        held = [check(*case, context) for case in cases if all(word in " ".join(case[:2]) for word in wanted.split())]
    finally:
        cluster.script("stop")
    shutil.rmtree(folder)
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
