"""A bank as agents may know it. The bank itself, with its tasks and scores, is in a private attribute, out of reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from hpo_gym.base import Ints
from hpo_gym.problem import Bank, BankView, Points, PoolBank, PoolBankView, SearchSpace


def view_of(bank: Bank) -> BankView:
    """Return the known facts about a batch's tasks; a `PoolBankView` for tasks with a pool."""
    return _PoolView(bank) if isinstance(bank, PoolBank) else _View(bank)


class KnownTask(NamedTuple):
    """Known facts about a task."""

    name: str
    family: str
    space: SearchSpace
    meta_features: Mapping[str, float | None]


class _View(BankView):
    def __init__(self, bank: Bank) -> None:
        self._bank, self.d, self.m, self.signals = bank, bank.d, bank.m, bank.signals
        self.objectives = bank.objectives
        self.tasks = tuple(KnownTask(t.name, t.family, t.space, t.meta_features) for t in bank.tasks)

    def place(self, task: Ints, x: Points) -> NDArray[Any]:
        return self._bank.place(task, x)

    def points(self, task: Ints, at: NDArray[Any]) -> Points:
        return self._bank.points(task, at)


class _PoolView(_View, PoolBankView):
    def __init__(self, bank: PoolBank) -> None:
        super().__init__(bank)
        self._pool, self.measured, self.there = bank, bank.measured, bank.there
        self.complete, self.one_pool = bank.complete, bank.one_pool

    def measured_rows(self, task: Ints, rows: Ints) -> Ints:
        return self._pool.measured_rows(task, rows)

    def measured_row(self, task: int, row: int) -> int:
        return self._pool.measured_row(task, row)

    def nearest(self, task: Ints, x: Points) -> Ints:
        return self._pool.nearest(task, x)
