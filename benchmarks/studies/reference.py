"""Makes the reference runs anew: `python benchmarks/studies/reference.py FOLDER [--only TEXT] [--ship]`.

    python benchmarks/studies/reference.py results/reference              # hours; goes on where it was stopped
    python benchmarks/studies/reference.py results/reference --only SVM   # the jobs whose name holds a text
    python benchmarks/studies/reference.py results/reference --ship       # what is finished joins the shipped runs

A job is a group of optimizers on a suite from one start, on one test task of every family (on all where there are fewer
than four families), three seeds. Each has a folder of its own; both starts share the trained optimizers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import looks

from hpo_builders.files import update_manifest
from hpo_gym.bench import FOLDER, STARTS, benchmark, collect
from hpo_gym.suites import load_suite

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
        suites: Where they run.
    """

    optimizers: tuple[str, ...]
    suites: tuple[str, ...] = SUITES


GROUPS = {
    "untrained": Group((
        "random", "grid", "sobol", "lhs", "local-search", "annealing", "ga", "de", "pso", "cma-es", "tpe", "gp-ei",
        "successive-halving", "hyperband", "asha", "bohb", "freeze-thaw", "default", "portfolio", "average-rank",
        "ga-portfolio", "gp-warm", "rgpe", "tst-r", "taf-r", "ebgp", "task-mixture", "transfer-mix",
    )),
    "memory": Group(("transfer-time", "meta-knn", "meta-predict")),
    "smac": Group(("smac",), ("MLP",)),
    "shipped": Group(("ppo-pool-tables",), SUITES[:-1]),
    "tabular": Group(("q-learning", "q-portfolio", "sarsa", "double-q", "n-step-q")),
    "learned": Group(("maml", "fomaml", "reptile", "maml-rl", "ga-evolved"), SOME),
    "fsbo": Group(("fsbo",), SOME),
    "pool": Group(("ppo-pool",), SOME),
    "agents": Group(("ppo", "a2c", "maskable-ppo", "ppo-bare", "trpo", "dqn")),
    "slow": Group(("recurrent-ppo", "qr-dqn", "td3", "sac", "tqc"), SOME),
}  # fmt: skip


def jobs() -> Iterator[tuple[str, str, str, str]]:
    """The name of each job, its group, suite and start; what is cheap comes first."""
    for name, group in GROUPS.items():
        for suite in group.suites:
            for start in STARTS:
                yield f"{name}-{suite}-{start}", name, suite, start


def carry_out(folder: Path, only: str) -> None:
    """Run what is not finished."""
    todo = [(job, suite) for job, _, suite, _ in jobs() if only in job and not (folder / job / "results.json").exists()]
    if todo:
        looks.count(
            looks.typed(__file__, [str(folder), *(["--only", only] if only else [])]), {suite for _, suite in todo},
            "regret of baselines and agents", "the pages of what baselines and agents reach",
        )  # fmt: skip
    shared = folder.resolve() / "trained"
    shared.mkdir(parents=True, exist_ok=True)
    for job, name, suite, start in jobs():
        out = folder / job
        if only not in job or (out / "results.json").exists():
            continue
        out.mkdir(exist_ok=True)
        if not (out / "trained").exists():
            (out / "trained").symlink_to(shared)
        group, begun = GROUPS[name], time.monotonic()
        found = benchmark(
            group.optimizers, suite, start=start, tasks=judged(suite), seeds=SEEDS, out=out,
            resume=True,
        )  # fmt: skip
        print(f"{job}: {time.monotonic() - begun:,.0f} s, {found.failed_cells} cells failed", flush=True)


def judged(suite: str) -> int:
    """How many test tasks: one of each family, and all of a suite of fewer than `FEW` families."""
    return len(load_suite(suite).tasks("test")) if families(suite) < FEW else families(suite)


def families(suite: str) -> int:
    """Test families of a suite, as many as `tasks` takes a task of each."""
    return len({task.family for task in load_suite(suite).tasks("test")})


def ship(folder: Path) -> None:
    """Put what is finished among the shipped reference runs, in the place of older runs of the same optimizers."""
    finished = [folder / job for job, *_ in jobs() if (folder / job / "results.json").exists()]
    for one in collect(finished, known=FOLDER):
        paths = one.write(FOLDER)
        update_manifest(FOLDER.parent, paths)
        print(f"{one.suite}: {len(one.entrants)} optimizers, {len(one.tasks)} tasks, {one.seeds} seeds")


if __name__ == "__main__":
    _, place, *options = sys.argv
    if "--ship" in options:
        ship(Path(place))
    else:
        carry_out(Path(place), options[options.index("--only") + 1] if "--only" in options else "")
