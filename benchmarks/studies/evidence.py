"""The evidence of each suite: differences that its reference runs tell, agreement of validation and test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import frame
import numpy as np
from frame import Table
from validity.page import AGREES

from hpo_gym.suites import load_suite

LOOKS = "shows what reference.py and `hpo-gym validity` looked at"
OWN = ("SVM", "Linear", "Boosting", "Studies", "MLP")
"""Suites of our own training."""


def stored() -> Any:
    """Return the stored statistics of all suites."""
    return frame.stored("validity")


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the evidence of all suites, and the agreement of scores in those of our own training."""
    heads = (
        "suite", "test tasks", "families", "headline", "portfolio AUC", "told apart", "pairs that differ", "ranks alike"
    )  # fmt: skip
    scores = ("test rows", "families with 1,000 or more", "all configurations", "best tenth", "validation optimum")
    return {
        "told": Table.of(heads, (_told(name, found[name]["resolution"]) for name in sorted(found))),
        "tested": Table.of(("suite", *scores), (_tested(name, found[name]["choice"]) for name in OWN)),
    }


def _told(name: str, found: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the smallest difference that a suite shows, the share of pairs that differ, and the agreement of ranks."""
    test = load_suite(name).tasks("test")
    if found is None:
        families = len({t.family for t in test})
        return f"`{name}`", str(len(test)), str(families), "no reference runs yet", "", "", "", ""
    difference = "nothing" if found["difference"] is None else f"{found['difference']:.4f}"
    share = "" if found["told"] is None else f"{100 * found['told']:.0f} %"
    tau = "" if found["tau"] is None else f"{found['tau']:.2f}" + (" (too low)" if found["tau"] < AGREES else "")
    counts = (str(len(test)), str(found["families"]))
    return f"`{name}`", *counts, f"{found['score']} regret", f"{found['portfolio']:.4f}", difference, share, tau


def _tested(name: str, choice: Mapping[str, float]) -> tuple[str, ...]:
    """Return the rank correlation of validation and test, and the test regret of the validation optimum."""
    suite = load_suite(name)
    test = suite.tasks("test")
    rows = suite.about["built"].get("test rows") or {
        task.name: (task.meta_features["n_rows"] or 0) / 4 for task in test
    }
    large, families = {task.family for task in test if rows[task.name] >= 1000}, {task.family for task in test}
    median = np.median([rows[task.name] for task in test])
    ranks = (f"{choice['spearman']:.2f}", f"{choice['spearman_top']:.2f}", f"{choice['regret']:.3f}")
    return f"`{name}`", f"{median:,.0f}", f"{len(large)} of {len(families)}", *ranks
