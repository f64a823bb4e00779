"""Columns of a file of trials: each distinct text once, and which of them stands in each row."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, Mask
from hpo_gym.suites.own.texts import is_number

Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes:
        texts: Its distinct texts; a text that no row has any more may be among them after `Columns.take`.
        codes: The position in `texts` of each row, ``(n,)``.
    """

    texts: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, values: Iterable[str]) -> Column:
        """A column of one text a row."""
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(v, len(known)) for v in values], np.int32)
        return cls(tuple(known), codes)

    @functools.cached_property
    def used(self) -> NDArray[np.int64]:
        """The places in `texts` of what some row has, ascending."""
        return np.flatnonzero(np.bincount(self.codes, minlength=len(self.texts)))

    @functools.cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The number that each of `texts` is, NaN where it is none."""
        return np.array([float(text) if is_number(text) else math.nan for text in self.texts])

    @property
    def numeric(self) -> bool:
        """Whether all texts that some row has are numbers, but for the empty one."""
        others = self.used[np.isnan(self.numbers[self.used])]
        return not len(others) or (len(others) == 1 and self.texts[others[0]] == "")

    def given(self) -> list[str]:
        """The distinct texts that some row has, but for the empty one."""
        return [self.texts[i] for i in self.used.tolist() if self.texts[i] != ""]

    def where(self, holds: Callable[[str], bool]) -> Mask:
        """The rows whose text is one for which `holds` is true, ``(n,)``."""
        return np.asarray(np.array([holds(t) for t in self.texts], bool)[self.codes])

    def empty(self) -> Mask:
        """The rows without a text, ``(n,)``."""
        return np.asarray(self.codes == (self.texts.index("") if "" in self.texts else -1))

    def values(self, read: Callable[[str], float]) -> NDArray[np.float64]:
        """The number of each row, ``(n,)``: `read` is asked once for each distinct text."""
        return np.asarray(np.array([read(t) for t in self.texts], np.float64)[self.codes])

    def take(self, rows: Mask) -> Column:
        """Some of the rows."""
        return Column(self.texts, self.codes[rows])

    def mapped(self, change: Callable[[str], str]) -> Column:
        """The column with other texts; two that become the same are one afterwards."""
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(change(t), len(known)) for t in self.texts], np.int32)
        return Column(tuple(known), codes[self.codes])


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of one source by their names.

    Attributes:
        source: What messages call it: a path, or a storage.
        place: What messages call a row, such as "line 4", by its number in the source.
        rows: Numbers in the source of the rows that are left, ``(n,)``.
    """

    source: str
    by_name: Mapping[str, Column]
    place: Callable[[int], str]
    rows: NDArray[np.int64]

    def __getitem__(self, name: str) -> Column:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    @property
    def names(self) -> list[str]:
        """Names in the order of the source."""
        return list(self.by_name)

    def take(self, rows: Mask) -> Columns:
        """Some of the rows."""
        left = {name: column.take(rows) for name, column in self.by_name.items()}
        return Columns(self.source, left, self.place, self.rows[rows])

    def changed(self, columns: Mapping[str, Column]) -> Columns:
        """The same rows with other columns."""
        return Columns(self.source, columns, self.place, self.rows)

    def fault(self, row: Any, message: str) -> InvalidValueError:
        """The error for what stands in a row (of those left)."""
        return InvalidValueError(f"{self.source}, {self.place(int(self.rows[row]))}: {message}")

    def check(self, name: str, rule: str, good: Mask) -> None:
        """Refuse a column in which the first row that is not `good` breaks a rule."""
        bad = np.flatnonzero(~good)
        if bad.size:
            column = self[name]
            text = column.texts[column.codes[bad[0]]]
            raise self.fault(bad[0], f"`{name}` must be {rule}, got {text!r}.")
