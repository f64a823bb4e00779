"""Hyperparameters as ConfigSpace's JSON has them; its own classes would round the ends of a range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Part = dict[str, Any]
"""An object of ConfigSpace's JSON."""


def choices(name: str, values: Sequence[Any], *, ordinal: bool = False) -> Part:
    """Return a categorical or an ordinal; with one value, a constant."""
    if len(values) == 1 and isinstance(values[0], (int, float, str)):
        return {"type": "constant", "name": name, "value": values[0], "meta": None}
    if ordinal:
        return {"type": "ordinal", "name": name, "sequence": list(values), "default_value": values[0], "meta": None}
    return {"type": "categorical", "name": name, "choices": list(values), "weights": None, "default_value": values[0],
            "meta": None}  # fmt: skip


def between(name: str, low: float, high: float, *, log: bool, whole: bool) -> Part:
    """Return a range, its middle the default; for equal ends, a constant."""
    if low == high:
        return choices(name, [low])
    middle = math.exp((math.log(low) + math.log(high)) / 2) if log else low / 2 + high / 2
    default = min(max(round(middle) if whole else middle, low), high)
    return {"type": "uniform_int" if whole else "uniform_float", "name": name, "lower": low, "upper": high,
            "default_value": default, "log": log, "meta": None}  # fmt: skip
