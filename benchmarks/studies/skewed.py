"""The coverage of 95 % intervals of differences between optimizers whose families are far from normal.

Differences are drawn by hand: lognormal; a spike, 12 % of families with large AUCs and the rest near 0; a skewed
effect, a third of the families lose much and the others gain little. Reports mark a difference whose families have a
skewness above 2 in size (`hpo_gym.bench.intervals`): the study tells whether marks are where coverage is short.
`widest` is the interval from the lowest to the highest subset, the most that these can be widened to.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import frame
import numpy as np
from frame import Table
from numpy.typing import NDArray

from hpo_gym.bench import OF_MEANS, edges, subsets
from hpo_gym.bench.intervals import skewed, skewness

LOOKS = "draws differences by hand; no task"
FAMILIES, DRAWN = (8, 12, 20, 30, 44), 2000
Array = NDArray[np.float64]


def lognormal(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Array, float]:
    """Return differences of two lognormal AUCs, and their true mean."""
    own = np.exp(rng.normal(size=size) - 2)
    return own - own * np.exp(0.1 + 0.5 * rng.normal(size=size)), np.exp(-1.5) * (1 - np.exp(0.1 + 0.125))


def spike(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Array, float]:
    """Return differences in proportion to AUCs of which few are large."""
    own = np.where(rng.random(size) < 0.12, rng.uniform(0.5, 0.8, size), rng.uniform(0.0, 0.01, size))
    return own * 0.4 * rng.normal(size=size).clip(-2, 2), 0.0


def effect(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Array, float]:
    """Return losses of a third of the families, and small gains of the others."""
    lost = rng.random(size) < 1 / 3
    found = np.where(lost, 0.3 * np.exp(0.8 * rng.normal(size=size)), -rng.uniform(0.0, 0.03, size))
    return found, 0.1 * np.exp(0.32) - 0.01


WORLDS: Mapping[str, Callable[[np.random.Generator, tuple[int, int]], tuple[Array, float]]] = {
    "lognormal": lognormal,
    "spike": spike,
    "skewed effect": effect,
}
CHEAP = {("spike", "8"): ()}


cells = frame.grid(WORLDS, map(str, FAMILIES))


def cell(world: str, families: str) -> dict[str, float | None]:
    """Return coverage of all intervals, of marked and of unmarked ones, of marked ones at their widest; their share."""
    n = int(families)
    rng = np.random.default_rng(zlib.crc32(f"skewed {world} {n}".encode()))
    drawn, true = WORLDS[world](rng, (n, DRAWN))
    chosen = subsets(n).astype(np.float64)
    means = chosen @ drawn / chosen.sum(1, keepdims=True)
    names = [f"{i:02}" for i in range(n)]
    marked = np.array([skewed(skewness(one, names)) for one in drawn.T])
    held, widest = (_holds(*ends, true) for ends in (edges(means, n, OF_MEANS), (means.min(0), means.max(0))))
    of = {"all": held, "marked": held[marked], "unmarked": held[~marked], "widest": widest[marked], "share": marked}
    return {name: round(float(v.mean()), 4) if len(v) else None for name, v in of.items()}


def _holds(low: Array, high: Array, true: float) -> Array:
    return np.asarray((low <= true) & (true <= high), np.float64)


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each world and number of families."""
    kinds = ("all", "unmarked", "marked", "widest", "share")
    rows = [
        (world, n, *("none" if of[kind] is None else f"{of[kind]:.3f}".removeprefix("0") for kind in kinds))
        for world, by in found.items()
        for n, of in by.items()
    ]
    heads = ("differences", "families", "all", "unmarked", "marked", "marked, widest", "share marked")
    return {"coverage": Table.of(heads, rows)}
