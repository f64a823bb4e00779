"""Ratios of AUCs with intervals over families, and how tables show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.bench import Curves, holds, interval, pooled, with_controls
from hpo_gym.optimize import control_of

Parts = Mapping[str, Mapping[str, Any]]
"""By suite: `tasks`, `families`, and by optimizer the `auc` on each task."""
Rows = Mapping[str, Mapping[str, Any]]
"""Optimizers against an anchor, as `pooled` returns them."""
UNKNOWN = "not measured"


def curves_of(suite: str, part: Mapping[str, Any], names: Collection[str] | None = None) -> list[Curves]:
    """Return AUCs as curves of one trial, so that the statistics of the benchmark take them."""
    end = part.get("end", False)
    return [
        Curves(suite, name, tuple(part["tasks"]), np.array(auc)[:, None, None], tuple(part["families"]), end=end)
        for name, auc in part["auc"].items()
        if names is None or name in names
    ]


def against(
    parts: Parts, anchor: str, names: Collection[str] | None = None, least: int = 2
) -> dict[str, Mapping[str, Any]]:
    """Return each optimizer's pooled ratio to the anchor with its interval.

    Args:
        parts, anchor, names: What is compared.
        least: Families of a pooled suite: two where kinds of suites or choices on validation tasks are shown.
    """
    kept = None if names is None else {*names, anchor}
    of = {suite: curves_of(suite, part, kept) for suite, part in parts.items() if anchor in part["auc"]}
    if not of:
        return {}
    rows: dict[str, Mapping[str, Any]] = pooled(of, anchors=(anchor,), least=least)["anchors"][anchor]["optimizers"]
    return {name: row for name, row in rows.items() if row["n_suites"]}


def joined(first: Parts, second: Parts) -> dict[str, dict[str, Any]]:
    """Return the optimizers of both parts, on the same tasks."""
    return {
        suite: {**part, "auc": {**part["auc"], **(second[suite]["auc"] if suite in second else {})}}
        for suite, part in first.items()
    }


def standing(rows: Rows) -> list[str]:
    """Order names by the pooled ratio, those first that ran on all pooled suites; see `beside`."""
    most = max(row["n_suites"] for row in rows.values())
    known = [name for name, row in rows.items() if row["n_suites"]]
    return beside(sorted(known, key=lambda name: (rows[name]["n_suites"] < most, rows[name]["ratio"][0], name)))


def beside(names: Sequence[str]) -> list[str]:
    """Return names in their order, but what a trained policy was before its training in the row below it."""
    return with_controls(names, {name: control for name in names if (control := control_of(name))})


def starred(row: Mapping[str, Any]) -> str:
    """Show a pooled ratio with its interval, and a star where it survives Holm's correction."""
    return escaped(interval(row["ratio"], 3, mark=holds(row["p_holm"])))


def escaped(cell: str) -> str:
    """Return a cell of Markdown whose star is one."""
    return cell.replace("*", "\\*")


def without_interval(row: Mapping[str, Any]) -> str:
    """Show a pooled ratio over suites some of which have too few families, and a star likewise."""
    return starred({**row, "ratio": [row["ratio"][0], None, None]})


def shown(rows: Rows, name: str, digits: int = 2) -> str:
    """Show a ratio with its interval, or `UNKNOWN`."""
    return interval(rows[name]["ratio"], digits) if name in rows else UNKNOWN


def alike(ratio: Sequence[float | None]) -> bool:
    """Tell whether the interval of a ratio includes 1, or there is none."""
    _, low, high = ratio
    return low is None or high is None or low <= 1.0 <= high


def bare(value: float) -> str:
    """Show four decimals without the leading 0."""
    return f"{value:.4f}".removeprefix("0")


def code(names: Iterable[str]) -> str:
    """Show names as code."""
    return ", ".join(f"`{name}`" for name in names)
