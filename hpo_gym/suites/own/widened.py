"""A known search space, made wide enough for columns of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpo_gym.base import Mask
from hpo_gym.problem import Hyperparameter, Part, SearchSpace, choices, place_of
from hpo_gym.suites.own.columns import TableColumn, is_number, reader_of
from hpo_gym.suites.own.csv_space import LARGEST


def widened(
    space: SearchSpace, columns: Mapping[str, TableColumn], where: str = "", judged: Mask | None = None
) -> SearchSpace:
    """Return a space with all values of columns, by the kinds of a known one; that one itself if it has them.

    A range is widened to numbers outside, linear if one is not positive; whole numbers alone widen an integer. Texts
    are further choices. A hyperparameter without a column is left out, unless the space has conditions or forbidden
    clauses.
    """
    said = space.to_json()
    kept = list(zip(said["hyperparameters"], space.hyperparameters, strict=True))
    if not said["conditions"] and not said["forbiddens"]:
        kept = [(part, h) for part, h in kept if h.name in columns]
    parts = [_wide(part, h, columns[h.name]) if h.name in columns else part for part, h in kept]
    return space if parts == said["hyperparameters"] else SearchSpace({**said, "hyperparameters": parts})


def _wide(part: Part, h: Hyperparameter, column: TableColumn) -> Part:
    read = reader_of(h)
    if h.choices:
        others = [value for value in map(read, column.given()) if place_of(h.choices, value) < 0]
        return _with_choices(part, h, others) if others else part
    numbers = column.numbers[np.abs(column.numbers) <= LARGEST]
    numbers = numbers[numbers == np.rint(numbers)] if h.kind == "int" else numbers
    low, high = min([h.low, *numbers.tolist()]), max([h.high, *numbers.tolist()])
    if (low, high) == (h.low, h.high):
        return part
    ends = (int(low), int(high)) if h.kind == "int" else (low, high)
    return {**part, "lower": ends[0], "upper": ends[1], "log": h.log and low > 0}


def _with_choices(part: Part, h: Hyperparameter, others: list[Any]) -> Part:
    """Return a categorical, or an ordinal of ascending numbers, with further choices."""
    numbers = all(isinstance(choice, (int, float)) and not isinstance(choice, bool) for choice in h.choices)
    if h.kind == "ordinal" and numbers and all(map(is_number, others)):
        values = {float(text) for text in others}
        whole = all(isinstance(choice, int) for choice in h.choices) and all(map(float.is_integer, values))
        return _again(part, h, sorted([*h.choices, *(map(int, values) if whole else values)]), ordinal=True)
    return _again(part, h, [*h.choices, *others], ordinal=h.kind == "ordinal")


def _again(part: Part, h: Hyperparameter, values: list[Any], *, ordinal: bool) -> Part:
    return {**choices(h.name, values, ordinal=ordinal), "default_value": h.default, "meta": part["meta"]}
