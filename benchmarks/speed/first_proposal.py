"""CPU and wall seconds of `hpo_gym.tune` with a shipped prior of 120 tasks and a hyperparameter that these do not have.

Each line is a fresh process: on one thread, with as many as the machine has, and with 16, each with an empty folder of
what is kept and then with a filled one: `python benchmarks/speed/first_proposal.py`. There is no `--check`: seconds are
of one machine and of what else it does, which is told (`load`, programs that run, in the mean of a minute).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TUNE = """
import time
import hpo_gym
names = ("num_leaves", "learning_rate", "reg_lambda")
prior = hpo_gym.load_suite("Boosting")
ranges = {h.name: (h.low, h.high, "log") for h in prior.space.hyperparameters if h.name in names}
space = {**ranges, "n_estimators": (10, 300, "log")}
cpu, wall = time.process_time(), time.perf_counter()
found = hpo_gym.tune(lambda c: -c["learning_rate"], space, prior=prior, budget=2, seed=0, progress=False)
proposed = hash(str([ended.config for ended in found.ended]))
print(f"{time.process_time() - cpu:.2f} {time.perf_counter() - wall:.2f} {proposed}")
"""


def seconds(threads: int | None, folder: str) -> list[str]:
    """CPU seconds, wall seconds and a hash of the proposals."""
    environment = {name: value for name, value in os.environ.items() if name not in THREADS}
    environment |= {"PYTHONHASHSEED": "0", "HPO_GYM_CACHE": folder}
    environment |= {} if threads is None else dict.fromkeys(THREADS, str(threads))
    run = subprocess.run([sys.executable, "-c", TUNE], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.split()


def main() -> None:
    """Print the table."""
    print("| threads allowed | kept | CPU s | wall s | load |\n|---|---|---:|---:|---:|")
    proposals = set()
    for threads in (1, None, 16):
        with tempfile.TemporaryDirectory() as folder:
            for kept in ("nothing", "all"):
                cpu, wall, which = seconds(threads, folder)
                proposals.add(which)
                print(f"| {threads or 'all'} | {kept} | {cpu} | {wall} | {os.getloadavg()[0]:.1f} |", flush=True)
    print(f"{len(proposals)} kind of proposals")


if __name__ == "__main__":
    main()
