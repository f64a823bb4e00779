"""The evidence of each suite: differences that its reference runs tell, agreement of validation and test."""

from __future__ import annotations

from typing import Any

import frame
import numpy as np
from frame import Table
from validity.choice import choice_of
from validity.examine import full_scores, suites_of, table_of
from validity.page import AGREES
from validity.resolution import resolution

from hpo_gym.suites import load_suite

LOOKS = "shows what reference.py and `hpo-gym validity` looked at"
OWN = ("SVM", "Linear", "Boosting", "Studies", "MLP")
"""Suites of our own training."""


def stored() -> None:
    """Return nothing: the shipped tables and reference runs are read."""


def tables(_: Any) -> dict[str, Table]:
    """Return the evidence of all suites, and the agreement of scores in those of our own training."""
    heads = (
        "suite", "test tasks", "families", "headline", "portfolio AUC", "told apart", "pairs that differ", "ranks alike"
    )  # fmt: skip
    scores = ("test rows", "families with 1,000 or more", "all configurations", "best tenth", "validation optimum")
    return {
        "told": Table.of(heads, map(_told, suites_of([])[0])), "tested": Table.of(("suite", *scores), map(_tested, OWN))
    }  # fmt: skip


def _told(name: str) -> tuple[str, ...]:
    """The smallest difference that a suite tells, the share of pairs that differ, and whether ranks are alike."""
    suite = load_suite(name)
    found, test = resolution(suite), suite.tasks("test")
    if found is None:
        families = len({t.family for t in test})
        return f"`{name}`", str(len(test)), str(families), "no reference runs yet", "", "", "", ""
    difference = "nothing" if found.difference is None else f"{found.difference:.4f}"
    share = "" if found.told is None else f"{100 * found.told:.0f} %"
    tau = "" if found.tau is None else f"{found.tau:.2f}" + (" (too low)" if found.tau < AGREES else "")
    counts = (str(len(test)), str(found.families))
    return f"`{name}`", *counts, f"{found.score} regret", f"{found.portfolio:.4f}", difference, share, tau


def _tested(name: str) -> tuple[str, ...]:
    """The rank correlation of validation and test, and the test regret of the validation optimum."""
    suite = load_suite(name)
    table, test = table_of(suite), suite.tasks("test")
    assert table is not None
    choice = choice_of(table, full_scores(table))
    rows = suite.about["built"].get("test rows") or {
        task.name: (task.meta_features["n_rows"] or 0) / 4 for task in test
    }
    assert choice is not None
    large, families = {task.family for task in test if rows[task.name] >= 1000}, {task.family for task in test}
    median = np.median([rows[task.name] for task in test])
    ranks = (f"{choice.spearman:.2f}", f"{choice.spearman_top:.2f}", f"{choice.regret:.3f}")
    return f"`{name}`", f"{median:,.0f}", f"{len(large)} of {len(families)}", *ranks


if __name__ == "__main__":
    frame.main(__file__)
