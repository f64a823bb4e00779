"""Pooled ratios with version 3 of `Studies` in place of version 1, which the frozen set of `standings` holds.

In version 1 the rows that an optimizer had proposed were candidates. The other suites are as in `standings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import frame
import numpy as np
import runs
from frame import Table
from looks import Look
from ratios import against, starred

from hpo_gym.bench import POOLED, STARTS, auc

SUITE, SUITES = "Studies", ("Studies",)
NAMES = ("transfer-mix", "ppo-pool-tables", "transfer-time", "ebgp", "gp-ei", "random")
ANCHOR = "portfolio"
CHEAP = {("cold",): ()}
LOOKS = Look("reference runs on Studies 3", "whether a pooled figure rests on the pool of version 1", SUITES)


def cells() -> Iterator[frame.Address]:
    """Yield starts."""
    yield from ((start,) for start in STARTS)


def cell(start: str) -> dict[str, Any]:
    """Return the AUC of each test task by optimizer."""
    found = runs.reference_run(SUITE, start).curves[SUITE]
    return {
        "tasks": list(found[0].tasks), "families": list(found[0].families),
        "auc": {c.optimizer: np.round(auc(c), 9).tolist() for c in found if c.optimizer in (*NAMES, ANCHOR)},
    }  # fmt: skip


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the pooled ratios to the portfolio with either version, and without the suite."""
    return {"ratios": Table.of(("optimizer", *_heads()), zip((f"`{n}`" for n in NAMES), *_columns(found), strict=True))}


def _heads() -> Iterator[str]:
    yield from (f"{start}, {which}" for start in STARTS for which in ("version 1", "version 3", "without"))


def _columns(found: Mapping[str, Any]) -> Iterator[list[str]]:
    for start in STARTS:
        large = {s: p for s, p in frame.stored("standings")[start].items() if len(set(p["families"])) >= POOLED}
        rest = {s: p for s, p in large.items() if s != SUITE}
        for parts in (large, rest | {SUITE: found[start]}, rest):
            rows = against(parts, ANCHOR, NAMES, POOLED)
            yield [starred({**rows[name], "p_holm": None}) for name in NAMES]
