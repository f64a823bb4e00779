"""The first page of `hpo-gym list`: the sets of suites, and twelve optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import SPLITS, SUITES
from hpo_gym.suites import SETS, load_suite, suites_in
from hpo_gym.system import Column, Sheet

USES: Mapping[str, str] = {
    "tables": "tuning on unseen data sets",
    "seconds": "the same with a budget in cost (--budget-cost)",
}
"""What each set is for."""

TWELVE: Mapping[str, str] = {
    "default": "the default configuration, then its neighbours", "random": "random configurations",
    "grid": "a full grid in random order", "sobol": "a Sobol sequence", "ga": "genetic algorithm",
    "tpe": "tree-structured Parzen estimator", "gp-ei": "Gaussian process, expected improvement",
    "portfolio": "complementary configurations of earlier tasks",
    "transfer-mix": "Gaussian process on earlier tasks and this one",
    "maml": "a network that adapts to a task in few steps",
    "q-learning": "reinforcement learning with a table", "ppo-pool": "reinforcement learning with a network",
}  # fmt: skip
"""The optimizers shown first: those of `hpo_gym.bench.FIRST`, and a Bayesian, a meta-learned, a policy-gradient one."""


def set_row(name: str) -> dict[str, Any]:
    """One set of suites: tasks by split, and families of test tasks, each counted once."""
    suites = [load_suite(suite) for suite in suites_in(name)]
    tasks = {split: [task for suite in suites for task in suite.tasks(split)] for split in SPLITS}
    counts = {split: len(found) for split, found in tasks.items()}
    families = len({task.family for task in tasks["test"]})
    return {"name": name, "use": USES[name], "suites": list(SETS[name]), "tasks": counts, "families": families}


def first_tables() -> list[Sheet]:
    """Return the first page as tables for a terminal."""
    rows = [set_row(name) for name in SETS]
    sets = [
        Column("set", list(SETS)),
        Column("suites", [", ".join(row["suites"]) for row in rows]),
        Column("tasks", [str(row["tasks"]["test"]) for row in rows], right=True),
        Column("families", [str(row["families"]) for row in rows], right=True),
        Column("for", [row["use"] for row in rows]),
    ]
    here = Column("installed", ["yes" if OPTIMIZERS.installed(name) else "no" for name in TWELVE], 1)
    known = [Column("optimizer", list(TWELVE)), Column("what it is", list(TWELVE.values())), here]
    said = "hpo-gym bench --suite SET runs all suites in a set. Tasks, and families of them, are test tasks."
    counts = f"{len(TWELVE)} of {len(OPTIMIZERS.names())} optimizers, {len(set().union(*SETS.values()))} of "
    counts += f"{len(SUITES.names())} suites; hpo-gym list --all lists all, hpo-gym info NAME tells more of one."
    return [Sheet("Sets of suites", sets, said), Sheet("Optimizers", known, counts)]
