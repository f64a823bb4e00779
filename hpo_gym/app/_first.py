"""The first page of `hpo-gym list`: the sets of suites, and twelve optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import SPLITS, SUITES
from hpo_gym.suites import USES, load_suite, suites_in
from hpo_gym.system import Column, Sheet

TWELVE: Mapping[str, str] = MappingProxyType(
    {
        "default": "the default configuration, then its neighbours",
        "random": "random configurations",
        "grid": "a full grid in random order",
        "sobol": "a Sobol sequence",
        "ga": "genetic algorithm",
        "tpe": "tree-structured Parzen estimator",
        "gp-ei": "Gaussian process, expected improvement",
        "portfolio": "complementary configurations of earlier tasks",
        "transfer-mix": "Gaussian process on earlier tasks and this one",
        "maml": "a network that adapts to a task in few steps",
        "q-learning": "reinforcement learning with a table",
        "ppo-pool": "reinforcement learning with a network",
    }
)
"""The optimizers that `hpo-gym list` shows first: the eight that `hpo-gym bench` runs where none is named, and the best
known Bayesian, meta-learned and policy-gradient ones."""


def set_row(name: str) -> dict[str, Any]:
    """One set of suites: tasks by split, and families of test tasks, each counted once."""
    suites = [load_suite(suite) for suite in suites_in(name)]
    return {
        "name": name,
        "use": USES[name],
        "suites": list(suites_in(name)),
        "tasks": {split: sum(len(suite.tasks(split)) for suite in suites) for split in SPLITS},
        "families": len({task.family for suite in suites for task in suite.tasks("test")}),
    }


def first_tables() -> list[Sheet]:
    """Return the first page as tables for a terminal."""
    rows = [set_row(name) for name in USES]
    shown = len({suite for row in rows for suite in row["suites"]})
    kinds = OPTIMIZERS.entries()
    return [
        Sheet(
            "Sets of suites",
            [
                Column("set", [row["name"] for row in rows]),
                Column("suites", [", ".join(row["suites"]) for row in rows]),
                Column("tasks", [str(row["tasks"]["test"]) for row in rows], right=True),
                Column("families", [str(row["families"]) for row in rows], right=True),
                Column("for", [row["use"] for row in rows]),
            ],
            "hpo-gym bench --suite SET runs all suites in a set. Tasks, and families of them, are test tasks.",
        ),
        Sheet(
            "Optimizers",
            [
                Column("optimizer", list(TWELVE)),
                Column("what it is", list(TWELVE.values())),
                Column("family", [str(kinds[name].about["family"]) for name in TWELVE], 2),
                Column("installed", ["yes" if OPTIMIZERS.installed(name) else "no" for name in TWELVE], 1),
            ],
            f"{len(TWELVE)} of {len(OPTIMIZERS.names())} optimizers and {shown} of {len(SUITES.names())} suites; "
            "hpo-gym list --all lists all, and the parts of an env.",
        ),
    ]
