"""Regret at equal cost, suite by suite: what the pooled figures of `seconds` rest on.

The AUC of each test task, of the methods that `seconds` compares `transfer-time` with. Pooled are the suites of nine
families or more; each stands beside them by itself, and so do the pooled figures without those that carry them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from ratios import against, curves_of, starred
from seconds import SEEDS, SUITES, in_cost

from hpo_gym.bench import POOLED, auc, pooled

OURS = "transfer-time"
OTHERS = ("portfolio", "transfer-mix", "portfolio-per-cost", "transfer-mix-per-cost")
CARRIES = ("AutoML", "MLP")
"""Suites whose first trials cost several units where costs are ignored."""
CHEAP = {("auc", "Linear"): ("portfolio",)}
LOOKS = Look("regret against cost of `transfer-time` and four others, by suite", "what carries the headline", SUITES)


def cells() -> Iterator[frame.Address]:
    """Yield suites."""
    yield from (("auc", suite) for suite in SUITES)


def cell(part: str, suite: str, out: Path = Path(), names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the AUC of each task by optimizer."""
    group = in_cost(names or (OURS, *OTHERS), suite, out / suite, split="test").curves[suite]
    return {
        "tasks": list(group[0].tasks), "families": list(group[0].families),
        "auc": {c.optimizer: np.round(auc(c), 6).tolist() for c in group if c.optimizer in (OURS, *OTHERS)},
    }  # fmt: skip


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the ratios of `transfer-time` to the others: pooled, pooled without some, and by suite."""
    parts = found["auc"]
    large = {s: p for s, p in parts.items() if len(set(p["families"])) >= POOLED}
    rest = {s: p for s, p in large.items() if s not in CARRIES}
    rows = [_row("suites of nine families or more", large), _row(f"the same without {', '.join(CARRIES)}", rest)]
    rows += [_row(f"`{s}`", {s: p}) for s, p in parts.items()]
    heads = ("suites", "families", *(f"to `{anchor}`" for anchor in OTHERS))
    return {"ratios": Table.of(heads, rows, f"{SEEDS} seeds; a star survives Holm's correction for four comparisons.")}


def _row(name: str, parts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ratios to each other one."""
    families = len({f for part in parts.values() for f in part["families"]})
    by = pooled({s: curves_of(s, p) for s, p in parts.items()}, anchors=(OURS,), least=2)["anchors"][OURS]["optimizers"]
    held = (against(parts, anchor, (OURS,))[OURS]["ratio"] for anchor in OTHERS)
    cells = (starred({"ratio": r, "p_holm": by[a]["p_holm"]}) for r, a in zip(held, OTHERS, strict=True))
    return name, str(families), *cells


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return Holm's p of the pooled ratios to each other one."""
    large = {s: curves_of(s, p) for s, p in found["auc"].items() if len(set(p["families"])) >= POOLED}
    rows = pooled(large, anchors=(OURS,))["anchors"][OURS]["optimizers"]
    return {f"p-{a}": rows[a]["p_holm"] for a in OTHERS} | {"suites": len(large)}
