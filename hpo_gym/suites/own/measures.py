"""Numbers of rows: scores, costs and fidelities out of their texts."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from hpo_gym.suites.own import roles as of
from hpo_gym.suites.own.columns import TableColumn, TableColumns
from hpo_gym.suites.own.csv_space import LARGEST

FURTHER = "objective "
"""Begins the role of a further objective; its name follows."""

_NOT_MEASURED = ("", "na", "null", "none", "nat", "<na>")
FAILED = "failed"
"""In place of the score of a failure."""
_FAILED = (FAILED, "nan", "-inf", "-infinity")
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d*\.\d*([eE][+-]?\d+)?")


def numbers_of(table: TableColumns, name: str, role: str, loss: bool) -> NDArray[np.float64]:
    """Return the numbers of a column, ``(n,)``: NaN where nothing was measured, -inf for failures."""
    column, sign = table[name], -1.0 if loss and role in ("score", "test_score") else 1.0
    found = [_number(text, sign, role) for text in column.texts]
    rule = f"a number of at most {LARGEST:g}, empty (not measured) or `{FAILED}`"
    if role == "cost":
        rule = f"in [0, {LARGEST:g}], a duration, or empty"
    if role.startswith(FURTHER):
        rule = f"a number of at most {LARGEST:g}, or empty"
    table.check(name, rule, np.array([v is not None for v in found])[column.codes])
    return np.asarray(np.array([math.nan if v is None else v for v in found])[column.codes])


def _number(text: str, sign: float, role: str) -> float | None:
    """Return the number in a text, None if it is invalid for its role."""
    lower = text.lower()
    if lower in _NOT_MEASURED or (lower == "nan" and role != "score"):
        return math.nan
    if role == "cost":
        value = of.seconds(text) if ":" in text or "day" in text else _float(text)
        return value if value is not None and 0 <= value <= LARGEST else None
    if role.startswith(FURTHER):
        value = _float(text)
        return value if value is not None and abs(value) <= LARGEST else None
    if lower in _FAILED:
        return None if sign < 0 and "inf" in lower else -math.inf
    value = _float(text)
    if value is None or sign * value == math.inf:
        return None
    return sign * value if abs(value) <= LARGEST or "inf" in lower else None


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def shares_of(table: TableColumns, name: str) -> NDArray[np.float64]:
    """Return the fidelity of each row as a share of the largest, ``(n,)``."""
    column = table[name]
    values = column.values(lambda text: _float(text) or math.nan)
    table.check(name, "a positive number", (values > 0) & (values < math.inf))
    return np.asarray(values / values.max())


def has_commas(column: TableColumn) -> bool:
    """Return whether numbers are written with a decimal comma: some are, and none has a point."""
    given = column.given()
    return any(map(_COMMA.fullmatch, given)) and not any(map(_POINT.fullmatch, given))


def with_point(text: str) -> str:
    """Return a number with a point in place of its comma; other texts unchanged."""
    return text.replace(",", ".") if _COMMA.fullmatch(text) else text
