"""Hyperparameters and conditions as ConfigSpace's JSON has them; its own classes would round the ends of a range."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hpo_gym.base import InvalidValueError, Mask
from hpo_gym.problem import Hyperparameter, Part, SearchSpace
from hpo_gym.problem import column as plain
from hpo_gym.suites.own.columns import TableColumn, reader_of

_STEPS = 32  # a whole number with more values than this splits rows by chance


class UnexplainedError(InvalidValueError):
    """No other column explains the empty cells of a column.

    Attributes:
        columns: Such columns, and those that may depend on them.
    """

    def __init__(self, where: str, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        super().__init__(
            f"{where}: no categorical column explains where {columns[0]!r} is empty (each value of it must go with "
            "empty cells only or with none), and no whole number above or below which it is given. Fill the cells, or "
            "give the search space with its conditions."
        )


def with_conditions(
    parts: Mapping[str, Part], columns: Mapping[str, TableColumn], where: str, judged: Mask | None = None
) -> SearchSpace:
    """Return the space of hyperparameters, each active where its column is given, in the `judged` rows.

    Raises:
        UnexplainedError: No other column explains the empty cells of a column.
    """
    if judged is not None:
        columns = {name: column.take(judged) for name, column in columns.items()}
    conditions = {condition["child"]: condition for condition in _conditions(parts, columns, where)}
    level: dict[str, int] = dict.fromkeys(parts, 0)
    for child, condition in conditions.items():  # parents come first
        level[child] = level[condition["parent"]] + 1
    order = sorted(parts, key=lambda name: (level[name], name))
    return SearchSpace(
        {"name": None, "hyperparameters": [parts[name] for name in order], "conditions": list(conditions.values()),
         "forbiddens": [], "python_module_version": "1.2.0", "format_version": 0.4}
    )  # fmt: skip


def _conditions(parts: Mapping[str, Part], columns: Mapping[str, TableColumn], where: str) -> Iterator[Part]:
    """Return, for each column with empty cells, the condition that explains them; parents before their children."""
    empty = {name: columns[name].empty() for name in parts}
    known = {name: plain(part) for name, part in parts.items()}
    settled = [name for name in parts if not empty[name].any()]
    waiting = [name for name in parts if name not in settled]
    while waiting:
        before = len(waiting)
        for child in list(waiting):
            tests = (kind(known[p], columns[p], empty[child]) for kind in (_one_of, _beyond) for p in settled)
            test = next(filter(None, tests), None)
            if test is not None:
                yield {"child": child, **test}
                waiting.remove(child)
                settled.append(child)
        if len(waiting) == before:
            raise UnexplainedError(where, waiting)


def _one_of(parent: Hyperparameter, column: TableColumn, empty: Mask) -> Part | None:
    """Return the condition that a child is given for some values of a categorical; None if they do not explain it."""
    if parent.kind != "categorical":
        return None
    with_child, without = (np.bincount(column.codes[rows], minlength=len(column.texts)) > 0 for rows in (~empty, empty))
    texts = sorted(column.texts[i] for i in np.flatnonzero(with_child))
    if "" in texts or (with_child & without).any():
        return None
    return {"type": "IN", "parent": parent.name, "values": list(dict.fromkeys(map(reader_of(parent), texts)))}


def _beyond(parent: Hyperparameter, column: TableColumn, empty: Mask) -> Part | None:
    """Return the condition that a child is given above or below a whole number; None if that does not explain it."""
    given = column.given()
    whole = parent.kind == "int" or (parent.kind == "ordinal" and all(isinstance(c, int) for c in parent.choices))
    if not whole or len(given) > _STEPS:
        return None
    read = reader_of(parent)
    values = column.values(lambda text: float(text) if text else math.nan)
    with_child, without = values[~empty], values[empty & ~np.isnan(values)]
    if not len(without) or not len(with_child) or np.isnan(with_child).any():
        return None
    for kind, ends in (("GT", with_child.min() > without.max()), ("LT", with_child.max() < without.min())):
        if ends:
            end = without.max() if kind == "GT" else without.min()
            value = read(next(text for text in given if float(text) == end))
            return {"type": kind, "parent": parent.name, "value": int(value)}
    return None
