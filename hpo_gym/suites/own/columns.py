"""Columns of a file of trials: each distinct text once, and its number in each row."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, Mask
from hpo_gym.problem import Hyperparameter

Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class TableColumn:
    """One column.

    Attributes:
        codes: The position in `texts` of each row, ``(n,)``.
    """

    texts: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, values: Iterable[str]) -> TableColumn:
        """Return a column with one text a row."""
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(v, len(known)) for v in values], np.int32)
        return cls(tuple(known), codes)

    @functools.cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The number that each of `texts` is, NaN where it is none."""
        return np.array([float(text) if is_number(text) else math.nan for text in self.texts])

    @property
    def numeric(self) -> bool:
        """Return whether all texts are numbers, except the empty one."""
        return all(map(is_number, self.given()))

    def given(self) -> list[str]:
        """Return the distinct texts without the empty one."""
        return [text for text in self.texts if text != ""]

    def where(self, holds: Callable[[str], bool]) -> Mask:
        """Return the rows with texts for which `holds` is true, ``(n,)``."""
        return np.asarray(np.array([holds(t) for t in self.texts], bool)[self.codes])

    def empty(self) -> Mask:
        """Return the rows without a text, ``(n,)``."""
        return self.where(lambda text: text == "")

    def values(self, read: Callable[[str], float]) -> NDArray[np.float64]:
        """Return the number of each row, ``(n,)``: `read` is called once for each distinct text."""
        return np.asarray(np.array([read(t) for t in self.texts], np.float64)[self.codes])

    def take(self, rows: Mask) -> TableColumn:
        """Return some of the rows."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        return TableColumn(tuple(self.texts[i] for i in used.tolist()), codes.astype(np.int32))

    def mapped(self, change: Callable[[str], str]) -> TableColumn:
        """Return the column with other texts; two that become the same are one afterwards."""
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(change(t), len(known)) for t in self.texts], np.int32)
        return TableColumn(tuple(known), codes[self.codes])


@dataclass(frozen=True, eq=False)
class TableColumns:
    """The columns of one source by their names.

    Attributes:
        source: Its name in messages: a path, or a storage.
        place: Name of a row in messages, such as "line 4", by its number in the source.
        rows: Numbers in the source of the remaining rows, ``(n,)``.
    """

    source: str
    by_name: Mapping[str, TableColumn]
    place: Callable[[int], str]
    rows: NDArray[np.int64]

    def __getitem__(self, name: str) -> TableColumn:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    @property
    def names(self) -> list[str]:
        """Names in the order of the source."""
        return list(self.by_name)

    def take(self, rows: Mask) -> TableColumns:
        """Return some of the rows."""
        left = {name: column.take(rows) for name, column in self.by_name.items()}
        return TableColumns(self.source, left, self.place, self.rows[rows])

    def changed(self, columns: Mapping[str, TableColumn]) -> TableColumns:
        """Return the same rows with other columns."""
        return TableColumns(self.source, columns, self.place, self.rows)

    def fault(self, row: int | np.integer[Any], message: str) -> InvalidValueError:
        """Return the error for a value in one of the remaining rows."""
        return InvalidValueError(f"{self.source}, {self.place(int(self.rows[row]))}: {message}")

    def check(self, name: str, rule: str, good: Mask) -> None:
        """Refuse a column if a row is not `good`; the error has the first such row."""
        bad = np.flatnonzero(~good)
        if bad.size:
            column = self[name]
            text = column.texts[column.codes[bad[0]]]
            raise self.fault(bad[0], f"`{name}` must be {rule}, got {text!r}.")


is_integer = re.compile(r"[+-]?\d{1,15}", re.ASCII).fullmatch
"""Match a whole number of at most 15 digits, without a point."""
is_whole = re.compile(r"[+-]?\d{1,15}(\.0*)?", re.ASCII).fullmatch
"""Match a whole number, perhaps with nothing but zeros after a point."""
is_number = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
"""Match a number, written with a point."""
TRUTH = {"true": True, "false": False}


def reader_of(h: Hyperparameter) -> Callable[[str], Any]:
    """Return a function from a text to a value of a hyperparameter; it returns other texts unchanged."""
    if not h.choices:
        return lambda text: float(text) if is_number(text) else text
    by_text = {str(choice): choice for choice in h.choices}
    if set(h.choices) <= {True, False}:
        by_text |= {text: value for text, value in TRUTH.items() if value in h.choices}
    numbers = {float(c): c for c in h.choices if isinstance(c, (int, float)) and not isinstance(c, bool)}

    def read(text: str) -> Any:
        if text in by_text:
            return by_text[text]
        if text.lower() in by_text:
            return by_text[text.lower()]
        return numbers.get(float(text), text) if is_number(text) else text

    return read
