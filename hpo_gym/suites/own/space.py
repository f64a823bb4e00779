"""The search space of columns: inferred, or a known one made wide enough; and each row as a point of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import Floats, HPOGymError, InvalidValueError, Mask, unknown
from hpo_gym.problem import (
    Hyperparameter,
    Part,
    Points,
    SearchSpace,
    between,
    choices,
    column,
    place_of,
)
from hpo_gym.suites.own.reading import TrialRows
from hpo_gym.suites.own.values import LARGEST, given, reader_of

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Infer = Callable[["DataFrame", str, "Mask | None"], SearchSpace]
"""Makes a space of typed columns that must explain the judged rows; the text is their source, for messages."""

_WIDE = 100.0  # a positive range that spans more than this factor is logarithmic
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
            "give the search space with its conditions (`--space`)."
        )


# ---------------------------------------------------------------------------------------------- inferred
def infer_space(columns: DataFrame, where: str = "the table", judged: Mask | None = None) -> SearchSpace:
    """Read a search space off typed columns.

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
        InvalidValueError: A column without a value, or a number beyond floats.
    """
    parts = {str(name): _part(str(name), columns[name], where) for name in columns}
    return with_conditions(parts, columns, where, judged)


def _part(name: str, values: Series[Any], where: str) -> Part:
    there = given(values)
    if not there:
        raise InvalidValueError(f"{where}: column {name!r} must have a value in some line, got none.")
    if values.dtype.kind not in "if":
        return choices(name, sorted(there, key=str))
    low, high = min(there), max(there)
    if max(-low, high) > LARGEST:
        raise InvalidValueError(f"{where}: column {name!r} must hold numbers of at most {LARGEST:g}.")
    whole = values.dtype.kind == "i" or (len(values) > values.count() and all(v == round(v) for v in there))
    ends = (int(low), int(high)) if whole else (float(low), float(high))
    return between(name, *ends, log=bool(low > 0 and high / low > _WIDE), whole=whole)


def with_conditions(
    parts: Mapping[str, Part], columns: DataFrame, where: str, judged: Mask | None = None
) -> SearchSpace:
    """Return the space of hyperparameters, each active where its column is given, in the `judged` rows.

    Raises:
        UnexplainedError: No other column explains the empty cells of a column.
    """
    columns = columns if judged is None else columns[judged]
    conditions = {condition["child"]: condition for condition in _conditions(parts, columns, where)}
    level: dict[str, int] = dict.fromkeys(parts, 0)
    for child, condition in conditions.items():  # parents come first
        level[child] = level[condition["parent"]] + 1
    order = sorted(parts, key=lambda name: (level[name], name))
    return SearchSpace(
        {"name": None, "hyperparameters": [parts[name] for name in order], "conditions": list(conditions.values()),
         "forbiddens": [], "python_module_version": "1.2.0", "format_version": 0.4}
    )  # fmt: skip


def _conditions(parts: Mapping[str, Part], columns: DataFrame, where: str) -> Iterator[Part]:
    """Return, for each column with empty cells, the condition that explains them; parents before their children."""
    empty = {name: columns[name].isna().to_numpy() for name in parts}
    known = {name: column(part) for name, part in parts.items()}
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


def _one_of(parent: Hyperparameter, values: Series[Any], empty: Mask) -> Part | None:
    """Return the condition that a child is given for some values of a categorical; None if they do not explain it."""
    if parent.kind != "categorical" or values[~empty].isna().any():
        return None
    there, without = given(values[~empty]), set(given(values[empty]))
    if not without.isdisjoint(there):
        return None
    return {"type": "IN", "parent": parent.name, "values": list(map(reader_of(parent), sorted(there, key=str)))}


def _beyond(parent: Hyperparameter, values: Series[Any], empty: Mask) -> Part | None:
    """Return the condition that a child is given above or below a whole number; None if that does not explain it."""
    whole = parent.kind == "int" or (parent.kind == "ordinal" and all(isinstance(c, int) for c in parent.choices))
    if not whole or values.dtype.kind not in "if" or values.nunique() > _STEPS:
        return None
    there, without = values[~empty], values[empty].dropna()
    if not len(without) or not len(there) or there.isna().any():
        return None
    if there.min() > without.max():
        return {"type": "GT", "parent": parent.name, "value": int(without.max())}
    if there.max() < without.min():
        return {"type": "LT", "parent": parent.name, "value": int(without.min())}
    return None


def explained(
    columns: DataFrame, failed: Mask, where: str, infer: Infer, *, none: bool
) -> tuple[DataFrame, SearchSpace]:
    """Return the space of the columns, and these.

    Args:
        failed: Rows of failed trials; one without a value may have ended before its choice.
        none: Whether an empty cell may be the choice None, as Optuna writes it; it is filled then.
    """
    judged = None
    while True:
        try:
            return columns, infer(columns, where, judged)
        except UnexplainedError as fault:
            texts = [n for n in fault.columns if columns[n].dtype.kind == "O"]
            gaps = [n for n in texts if none and (columns[n].isna() & ~failed).any()]
            lacking = failed & columns.isna().any(axis=1).to_numpy()
            if gaps:
                columns = columns.assign(**{n: columns[n].where(columns[n].notna(), "None") for n in gaps})
            elif judged is None and lacking.any() and not lacking.all():
                judged = ~lacking
            else:
                raise


# ---------------------------------------------------------------------------------------------- widened
def widened(space: SearchSpace, columns: DataFrame, where: str = "", judged: Mask | None = None) -> SearchSpace:
    """Return a space with all values of columns, by the kinds of a known one; that one itself if it has them.

    A range is widened to numbers outside, linear if one is not positive; whole numbers alone widen an integer. Texts
    are further choices. A hyperparameter without a column is left out, unless the space has conditions or forbidden
    clauses.
    """
    said = space.to_json()
    kept = list(zip(said["hyperparameters"], space.hyperparameters, strict=True))
    if not said["conditions"] and not said["forbiddens"]:
        kept = [(part, h) for part, h in kept if h.name in columns]
    parts = [_wide(part, h, given(columns[h.name])) if h.name in columns else part for part, h in kept]
    return space if parts == said["hyperparameters"] else SearchSpace({**said, "hyperparameters": parts})


def _wide(part: Part, h: Hyperparameter, values: list[Any]) -> Part:
    if h.choices:
        others = [value for value in map(reader_of(h), values) if place_of(h.choices, value) < 0]
        return _with_choices(part, h, others) if others else part
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) <= LARGEST]
    numbers = [v for v in numbers if v == round(v)] if h.kind == "int" else numbers
    low, high = min([h.low, *numbers]), max([h.high, *numbers])
    if (low, high) == (h.low, h.high):
        return part
    ends = (int(low), int(high)) if h.kind == "int" else (float(low), float(high))
    return {**part, "lower": ends[0], "upper": ends[1], "log": h.log and low > 0}


def _with_choices(part: Part, h: Hyperparameter, others: list[Any]) -> Part:
    """Return a categorical, or an ordinal of ascending numbers, with further choices."""
    numbers = all(isinstance(choice, (int, float)) and not isinstance(choice, bool) for choice in [*h.choices, *others])
    if h.kind == "ordinal" and numbers:
        whole = all(v == round(v) for v in others) and all(isinstance(choice, int) for choice in h.choices)
        values = sorted([*h.choices, *(int(v) if whole else float(v) for v in others)])
    else:
        values = [*h.choices, *map(str, others)]
    again = choices(h.name, values, ordinal=h.kind == "ordinal")
    return {**again, "default_value": h.default, "meta": part["meta"]}


# ---------------------------------------------------------------------------------------------- points
def points_of(rows: TrialRows, columns: DataFrame, space: SearchSpace) -> tuple[Points, Mask, SearchSpace]:
    """Return the canonical point of each row ``(n, d)``, which rows have a configuration of the space ``(n,)``, and the
    space that decodes their numbers exactly.

    Raises:
        UnknownNameError: A column that the space does not have.
        InvalidValueError: A value that its hyperparameter does not have.
    """
    index = {h.name: (j, h) for j, h in enumerate(space.hyperparameters)}
    x, present = np.full((len(rows), space.d), 0.5), np.zeros((len(rows), space.d), bool)
    numbers = dict[str, Floats]()
    for name in columns:
        if name not in index:
            raise unknown(f"hyperparameter in the space (column of {rows.source}):", str(name), index)
        j, h = index[str(name)]
        present[:, j] = there = columns[name].notna().to_numpy()
        numbers[h.name] = _positions(rows, h, columns[name])[there]
        x[there, j] = h.units(numbers[h.name])
    fine = (space.active(x) == present).all(1) & space.legal(x)
    return np.asarray(space.snap(np.where(fine[:, None], x, 0.5))), fine, space.keeping(numbers)


def too_close(columns: DataFrame, x: Points, space: SearchSpace) -> list[str]:
    """Return the floats of which two values became one in the points ``(n, d)``, and so one configuration."""
    floats = [(j, h.name) for j, h in enumerate(space.hyperparameters) if h.kind == "float" and h.name in columns]
    return [n for j, n in floats if columns[n].nunique() > len(np.unique(x[columns[n].notna().to_numpy(), j]))]


def _positions(rows: TrialRows, h: Hyperparameter, values: Series[Any]) -> Floats:
    """Return the number of each value of a hyperparameter, anything for a gap."""
    if not h.choices and values.dtype.kind in "if":
        numbers = values.to_numpy(np.float64)
        fine = (numbers >= h.low) & (numbers <= h.high) & ((h.kind == "float") | (numbers == np.rint(numbers)))
        if (fine | np.isnan(numbers)).all():
            return numbers
    read, known = reader_of(h), dict[Any, float]()
    for value in given(values):
        try:
            known[value] = h.position(read(value))
        except HPOGymError as fault:
            raise rows.fault(int(np.argmax(values == value)), str(fault)) from fault
    return values.map(known).to_numpy(np.float64)


def refuse_row(rows: TrialRows, columns: DataFrame, space: SearchSpace, row: int) -> None:
    """Raise the error about a row without a configuration of the space."""
    readers = {h.name: reader_of(h) for h in space.hyperparameters}
    cells = columns.iloc[row].dropna()
    try:
        space.encode([{str(name): readers[str(name)](value) for name, value in cells.items()}])
    except HPOGymError as fault:
        raise rows.fault(row, str(fault)) from fault
