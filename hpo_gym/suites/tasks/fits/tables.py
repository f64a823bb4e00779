"""The tables that networks are trained on: real data sets as numbers, made by `hpo-gym build Trainings`.

`data/Trainings/index.json` describes them; `tables.npz` holds the rows of each, read when they are asked for.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import DATA, Ints, blame, unknown
from hpo_gym.problem import SPLITS

INDEX, ARRAYS = DATA / "Trainings" / "index.json", DATA / "Trainings" / "tables.npz"


@dataclass(frozen=True, eq=False)
class FitTable:
    """Rows of a data set: `x` ``(n, p)``, float32, standardised; `y` ``(n,)``, the classes from 0."""

    x: NDArray[np.float32]
    y: Ints
    classes: int


@dataclass(frozen=True)
class Listed:
    """A table as the index describes it.

    Attributes:
        family, split: As in every suite.
        kind: "classification" or "regression"; the latter's target was cut at its quartiles.
        rows, columns, classes: Its size.
        source, licence: The package and the path of the data set, and the licence of the package.
        sha256: Of the bytes of both arrays.
    """

    family: str
    split: str
    kind: str
    rows: int
    columns: int
    classes: int
    source: str
    licence: str
    sha256: str


@functools.cache
def index() -> Mapping[str, Listed]:
    """Return all tables by name."""
    with blame(INDEX):
        return {name: Listed(**said) for name, said in _described()["tables"].items()}


def built() -> dict[str, str]:
    """Return the commit whose command makes the tables anew, and the command."""
    with blame(INDEX):
        return dict(_described()["built"])


def _described() -> dict[str, Any]:
    return dict(json.loads(INDEX.read_text("utf-8")))


def names(split: str) -> tuple[str, ...]:
    """Return the names of the tables of a split; refuse any but "train", "val" and "test"."""
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    return tuple(name for name, listed in index().items() if listed.split == split)


@functools.cache
def table(name: str) -> FitTable:
    """Return the rows of a table, read-only; refuse a name that the index lacks."""
    if name not in index():
        raise unknown("table", name, index())
    with blame(ARRAYS), np.load(ARRAYS, allow_pickle=False) as arrays:
        x, y = arrays[f"{name}/x"].astype(np.float32), arrays[f"{name}/y"].astype(np.int64)
    x.flags.writeable = y.flags.writeable = False
    return FitTable(x, y, index()[name].classes)
