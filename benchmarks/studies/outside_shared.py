"""Results of `outside` from when all data sets shared a seed: of more optimizers, with intervals that are too narrow.

In one space the same seed gives the same start-up draws, so the luck of a start was common to the twelve data sets, and
an interval over data sets does not see it. Five seeds; XGBoost, and optimizers that take longer than these models
train, three. `outside` has no results of these optimizers yet; of those that it has, pages show its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import outside
from frame import Table
from outside import LOOKS, values

__all__ = ["LOOKS", "tables", "values"]
NOTE = "All data sets share the seeds, and so the start-up draws: the intervals are too narrow."


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the tables of `outside`, with what is wrong with them."""
    return {name: replace(table, note=NOTE) for name, table in outside.tables(found).items()}
