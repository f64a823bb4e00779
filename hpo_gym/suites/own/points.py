"""Configurations of rows: the space of their columns, and each row as a point of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import HPOGymError, Mask, unknown
from hpo_gym.problem import Hyperparameter, Points, SearchSpace
from hpo_gym.suites.own import roles as of
from hpo_gym.suites.own.columns import TableColumn, TableColumns, reader_of
from hpo_gym.suites.own.parts import UnexplainedError

Infer = Callable[[Mapping[str, TableColumn], str, Mask | None], SearchSpace]
"""Makes a space from columns that must explain the judged rows; see `infer_space`."""


def points_of(
    table: TableColumns, names: Sequence[str], state: str | None, space: SearchSpace, said: list[str]
) -> tuple[TableColumns, Points]:
    """Return the rows with a configuration, and their canonical points ``(n, d)``.

    A failed trial without hyperparameters has none: it ended before they were chosen.
    """
    before = len(table.rows)
    x, wrong = _encoded(table, names, space)
    for row in np.flatnonzero(wrong & ~of.failed_rows(table, state))[:1]:
        _refuse(table, names, space, int(row))
    table, x = table.take(~wrong), x[~wrong]
    n = before - len(x)
    if n:
        said.append(
            f"left out: {n} {'trials that failed and lack' if n > 1 else 'trial that failed and lacks'} hyperparameters"
        )
    return table, np.asarray(space.snap(x))


def inferred(
    table: TableColumns, names: Sequence[str], state: str | None, infer: Infer, optuna: bool
) -> tuple[TableColumns, SearchSpace]:
    """Return the space of the columns.

    Optuna writes the choice None as an empty cell. A failed trial without a value may have ended before its choice.
    """
    judged = None
    while True:
        try:
            return table, infer({n: table[n] for n in names}, table.source, judged)
        except UnexplainedError as fault:
            failed = of.failed_rows(table, state)
            gaps = [n for n in fault.columns if (table[n].empty() & ~failed).any() and not table[n].numeric]
            lacking = failed & np.any([table[n].empty() for n in names], axis=0)
            if optuna and gaps:
                filled = {n: table[n].mapped(lambda text: text or "None") for n in gaps}
                table = table.changed({**table.by_name, **filled})
            elif judged is None and lacking.any() and not lacking.all():
                judged = ~lacking
            else:
                raise


def _encoded(table: TableColumns, names: Sequence[str], space: SearchSpace) -> tuple[Points, Mask]:
    """Return the point of each row, and a mask of rows without a configuration.

    Raises:
        UnknownNameError: A column that the space does not have.
        InvalidValueError: A value that its hyperparameter does not have.
    """
    index = {h.name: (j, h) for j, h in enumerate(space.hyperparameters)}
    x, present = np.full((len(table.rows), space.d), 0.5), np.zeros((len(table.rows), space.d), bool)
    for name in names:
        if name not in index:
            raise unknown(f"hyperparameter in the space (column of {table.source}):", name, index)
        j, h = index[name]
        column = table[name]
        numbers = _positions(table, h)
        there = ~column.empty()
        present[:, j] = there
        x[there, j] = h.units(numbers[column.codes[there]])
    return x, (space.active(x) != present).any(1) | ~space.legal(x)


def _positions(table: TableColumns, h: Hyperparameter) -> NDArray[np.float64]:
    """Return the number for each text of a hyperparameter's column, 0 for the empty one."""
    read, column = reader_of(h), table[h.name]
    if h.choices:
        numbers, doubtful = np.zeros(len(column.texts)), np.arange(len(column.texts))
    else:
        numbers = column.numbers.copy()
        fine = (numbers >= h.low) & (numbers <= h.high) & ((h.kind == "float") | (numbers == np.rint(numbers)))
        doubtful = np.flatnonzero(~fine)
    for i in doubtful.tolist():
        if column.texts[i] != "":
            try:
                numbers[i] = h.position(read(column.texts[i]))
            except HPOGymError as fault:
                raise table.fault(np.argmax(column.codes == i), str(fault)) from fault
    return numbers


def _refuse(table: TableColumns, names: Sequence[str], space: SearchSpace, row: int) -> None:
    """Raise an error about the configuration of a row."""
    readers = {h.name: reader_of(h) for h in space.hyperparameters}
    cells = {name: table[name].texts[table[name].codes[row]] for name in names}
    try:
        space.encode([{name: readers[name](text) for name, text in cells.items() if text != ""}])
    except HPOGymError as fault:
        raise table.fault(row, str(fault)) from fault
