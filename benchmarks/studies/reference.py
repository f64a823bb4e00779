"""The reference runs: every optimizer on a test task of every family.

    python benchmarks/studies/reference.py              # hours; it continues where it was stopped
    python benchmarks/studies/reference.py SVM          # the jobs whose name has a text
    python benchmarks/studies/reference.py --ship       # finished jobs join the shipped runs

A job is a group of optimizers on a suite from one start, on one test task of every family (on all where there are fewer
than four families), three seeds. Each has a folder of its own; both starts share the trained optimizers. `standings.py`
shows the shipped runs and repeats some of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import frame
import looks
from looks import Look
from runs import test_families

from hpo_builders.files import update_manifest
from hpo_builders.reference_runs import collect
from hpo_gym.bench import FOLDER, STARTS, benchmark
from hpo_gym.suites import load_suite

OUT = Path("results/reference")
SUITES = (
    "MLP", "Boosting", "Studies", "Linear", "SVM", "Control", "Text", "LM", "NAS", "Vision", "Pipelines", "Curves",
    "FineTune", "AutoML", "FCNet", "MLPGrid", "NASBench201", "Functions",
)  # fmt: skip
SEEDS, FEW = 3, 4
SOME = ("SVM", "AutoML", "Boosting", "MLP", "Control", "Text", "LM", "NAS", "Vision")
"""Suites on which those run that take long; `smac` runs on one of them."""


@dataclass(frozen=True)
class Group:
    """Optimizers that run together; each is trained once on a suite.

    Attributes:
        optimizers: Their names.
        suites: The suites of their runs.
    """

    optimizers: tuple[str, ...]
    suites: tuple[str, ...] = SUITES


GROUPS = {
    "plain": Group((
        "random", "grid", "sobol", "lhs", "local-search", "ga", "de", "cma-es", "tpe", "gp-ei",
        "successive-halving", "hyperband", "asha", "bohb", "default", "portfolio", "average-rank",
        "ga-portfolio", "gp-warm", "rgpe", "taf-r", "ebgp", "task-mixture", "transfer-mix",
    )),
    "memory": Group(("transfer-time", "meta-knn")),
    "smac": Group(("smac",), ("MLP",)),
    "shipped": Group(("ppo-pool-tables",), SUITES[:-1]),
    "before-training": Group(("untrained",), SUITES[:-1]),
    "tabular": Group(("q-learning", "q-portfolio")),
    "learned": Group(("maml", "fomaml", "maml-rl"), SOME),
    "fsbo": Group(("fsbo",), SOME),
    "pool": Group(("ppo-pool",), SOME),
    "agents": Group(("ppo", "a2c", "maskable-ppo", "ppo-bare", "dqn")),
    "slow": Group(("recurrent-ppo", "td3", "sac"), SOME),
}  # fmt: skip


LOOKS = Look("regret of baselines and agents", "the pages of what baselines and agents reach", SUITES)


def cells() -> Iterator[frame.Address]:
    """Yield the group, suite and start of each job; cheap ones come first."""
    for name, group in GROUPS.items():
        yield from ((name, suite, start) for suite in group.suites for start in STARTS)


def carry_out(folder: Path, only: str = "") -> None:
    """Run what is not finished."""
    todo = [job for job in cells() if only in "-".join(job) and not (folder / "-".join(job) / "results.json").exists()]
    if todo:
        command = f"python benchmarks/studies/reference.py {only}".strip()
        looks.count(command, {suite for _, suite, _ in todo}, LOOKS.what, LOOKS.why)
    shared = folder.resolve() / "trained"
    shared.mkdir(parents=True, exist_ok=True)
    for name, suite, start in todo:
        out, begun = folder / f"{name}-{suite}-{start}", time.monotonic()
        out.mkdir(exist_ok=True)
        if not (out / "trained").exists():
            (out / "trained").symlink_to(shared)
        found = benchmark(
            GROUPS[name].optimizers, suite, start=start, tasks=judged(suite), seeds=SEEDS, out=out, resume=True
        )
        print(f"{out.name}: {time.monotonic() - begun:,.0f} s, {found.failed_cells} cells failed", flush=True)


def judged(suite: str) -> int:
    """Return the number of test tasks: one of each family, and all of a suite of fewer than `FEW` families."""
    families = test_families(suite)
    return len(load_suite(suite).tasks("test")) if families < FEW else families


def ship(folder: Path) -> None:
    """Put finished jobs among the shipped reference runs, in the place of older runs of the same optimizers."""

    finished = [folder / "-".join(job) for job in cells() if (folder / "-".join(job) / "results.json").exists()]
    for one in collect(finished, known=FOLDER):
        paths = one.write(FOLDER)
        update_manifest(FOLDER.parents[1], paths)
        print(f"{one.suite}: {len(one.entrants)} optimizers, {len(one.tasks)} tasks, {one.seeds} seeds")


if __name__ == "__main__":
    if "--ship" in sys.argv:
        ship(OUT)
    else:
        carry_out(OUT, *sys.argv[1:])
