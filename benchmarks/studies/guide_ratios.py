"""Ratios of AUCs for the guide, with intervals over families, from what studies store of each task."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.bench import Curves, interval, pooled

Parts = Mapping[str, Mapping[str, Any]]
"""By suite: `tasks`, `families`, and by optimizer the `auc` on each task."""
Rows = Mapping[str, Mapping[str, Any]]
UNKNOWN = "not measured"


def against(parts: Parts, anchor: str, names: Collection[str] | None = None) -> dict[str, Mapping[str, Any]]:
    """Of each optimizer, its pooled ratio to the anchor and its interval, over suites of two families or more on which
    the anchor ran; nothing where there is none."""
    of = {
        suite: [
            Curves(suite, name, tuple(part["tasks"]), np.array(auc)[:, None, None], tuple(part["families"]))
            for name, auc in part["auc"].items()
            if names is None or name in names or name == anchor
        ]
        for suite, part in parts.items()
        if anchor in part["auc"]
    }
    if not of:
        return {}
    rows: dict[str, Mapping[str, Any]] = pooled(of, anchors=(anchor,))["anchors"][anchor]["optimizers"]
    return {name: row for name, row in rows.items() if row["n_suites"]}


def joined(first: Parts, second: Parts) -> dict[str, dict[str, Any]]:
    """The optimizers of both, on the same tasks."""
    return {
        suite: {**part, "auc": {**part["auc"], **(second[suite]["auc"] if suite in second else {})}}
        for suite, part in first.items()
    }


def shown(rows: Rows, name: str, digits: int = 2) -> str:
    """A ratio with its interval, or a word that there is none."""
    return interval(rows[name]["ratio"], digits) if name in rows else UNKNOWN


def alike(ratio: Sequence[float | None]) -> bool:
    """Whether the interval of a ratio includes 1, or there is none."""
    _, low, high = ratio
    return low is None or high is None or low <= 1.0 <= high


def code(names: Iterable[str]) -> str:
    """Names as they stand in a cell."""
    return ", ".join(f"`{name}`" for name in names)
