"""A search space read off columns of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, Mask
from hpo_gym.problem import Part, SearchSpace, between, choices
from hpo_gym.suites.own.columns import TRUTH, TableColumn, is_integer, is_whole
from hpo_gym.suites.own.parts import with_conditions

LARGEST = 1e300
"""Sums and differences of larger numbers may be beyond floats."""
_WIDE = 100.0  # a positive range that spans more than this factor is logarithmic
_CHOICES = 5000  # a text with more values than this is no choice that anything could be learned of


def infer_space(
    columns: Mapping[str, TableColumn], where: str = "the table", judged: Mask | None = None
) -> SearchSpace:
    """Read a search space off columns of text.

    Whole numbers give an integer range, other numbers a float range, both from the least to the greatest value and
    logarithmic if all are positive and the greatest is more than 100 times the least. In a column with empty cells,
    `3.0` is a whole number, since pandas writes 3 like this there. `true` and `false` give a boolean; all else a
    categorical, its choices sorted. A column with one value is a constant. A column that is empty in some lines is
    active only for certain values of a categorical, or above or below a whole number (the width of the third layer, if
    there are three); that must explain every line. Defaults are the middle of a range and the first choice.

    Args:
        judged: The rows that must be explained; default all.

    Raises:
        UnexplainedError: No other column explains the empty cells of a column.
        InvalidValueError: A column without a value, a number beyond floats, a text of more than 5000 values.
    """
    parts = {name: _part(name, column, where) for name, column in columns.items()}
    return with_conditions(parts, columns, where, judged)


def _part(name: str, column: TableColumn, where: str) -> Part:
    given = column.given()
    if not given:
        raise InvalidValueError(f"{where}: column {name!r} must have a value in some line, got none.")
    if column.numeric:
        whole = all(map(is_whole if column.empty().any() else is_integer, given))
        low, high = float(np.nanmin(column.numbers)), float(np.nanmax(column.numbers))
        if max(-low, high) > LARGEST:
            raise InvalidValueError(f"{where}: column {name!r} must hold numbers of at most {LARGEST:g}.")
        log = bool(low > 0 and high / low > _WIDE)
        return between(name, int(low) if whole else low, int(high) if whole else high, log=log, whole=whole)
    if all(v.lower() in TRUTH for v in given):
        flags: list[Any] = sorted({TRUTH[v.lower()] for v in given})
        return choices(name, flags)
    if len(given) > _CHOICES:
        raise InvalidValueError(
            f"{where}: column {name!r} must have at most {_CHOICES} different texts, got {len(given)}; name it in "
            "`ignore` if it is no hyperparameter, or give the search space."
        )
    return choices(name, sorted(given))
