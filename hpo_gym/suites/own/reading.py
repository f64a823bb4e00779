"""Rows of trials out of a CSV or Parquet file, or a frame of pandas. What the columns mean is not decided here."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import InvalidValueError, Mask, of_cell, require
from hpo_gym.system import check_ordinary

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_ROWS, _CELLS = 5_000_000, 100_000_000  # of a file; with ten columns a million rows take 1 GiB
_PARQUET = (".parquet", ".pq")

with_comma = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
"""Match a number that is written with a decimal comma."""


@dataclass(frozen=True, eq=False)
class TrialRows:
    """Rows of one source.

    Attributes:
        frame: Its columns; the index of a row is its number in the source. Cells of a CSV file are texts.
        source: Its name in messages: a path, or a storage.
        place: Name of a row in messages, such as "line 4", by its number in the source.
    """

    frame: DataFrame
    source: str
    place: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.frame)

    def __contains__(self, name: object) -> bool:
        return name in self.frame.columns

    def __getitem__(self, name: str) -> Series[Any]:
        return self.frame[name]

    @property
    def names(self) -> list[str]:
        """Names of the columns in the order of the source."""
        return list(self.frame.columns)

    def take(self, rows: Mask) -> TrialRows:
        """Return some of the rows."""
        return replace(self, frame=self.frame[rows])

    def fault(self, row: int | np.integer[Any], message: str) -> InvalidValueError:
        """Return the error for a value in one of the remaining rows."""
        return InvalidValueError(f"{self.source}, {self.place(int(self.frame.index[int(row)]))}: {message}")

    def check(self, name: str, rule: str, good: Mask, option: str = "") -> None:
        """Refuse a column if a row is not `good`; the error has the first such row, and the option that may help."""
        bad = np.flatnonzero(~good)
        if bad.size:
            raise self.fault(bad[0], f"`{name}` must be {rule}, got {shown_cell(self[name].iloc[bad[0]])}.{option}")


def shown_cell(value: object) -> str:
    """Return a value as a message shows it; a text is quoted."""
    return repr(value) if isinstance(value, str) else repr(str(value))


def read_rows(path: str | Path, delimiter: str = ",", decimal: str = ".") -> TrialRows:
    """Read a file: Parquet if it ends in `.parquet` or `.pq`, else CSV in UTF-8 with a header line.

    Raises:
        InvalidValueError: It is none, a line is longer or shorter than the header, or columns lack names.
        MissingExtraError: A Parquet file, and PyArrow is not installed.
    """
    path = Path(path)
    parquet = path.suffix.lower() in _PARQUET
    if parquet:
        require("parquet")
    check_ordinary(path)
    return _parquet(path) if parquet else _csv(path, delimiter, decimal)


def of_frame(frame: DataFrame, source: str = "The frame") -> TrialRows:
    """Return the rows of a frame of pandas, its index aside."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidValueError(f"`path` must be a file or a frame of pandas, got {type(frame).__name__}.")
    if not len(frame):
        raise InvalidValueError(f"{source} must have at least one row, got none.")
    frame = frame.set_axis(_checked(source, [str(name) for name in frame.columns]), axis=1).reset_index(drop=True)
    return TrialRows(frame, source, lambda row: f"row {row}")


def _parquet(path: Path) -> TrialRows:
    import pandas as pd
    import pyarrow.parquet as parquet
    from pyarrow.lib import ArrowException

    if not path.is_file():
        raise FileNotFoundError(2, "No such file or directory", str(path))
    try:
        with parquet.ParquetFile(path) as file:
            _check_size(path, file.metadata.num_rows, file.metadata.num_columns)
        frame = pd.read_parquet(path)
    except (OSError, ValueError, TypeError, RuntimeError, ArrowException) as fault:  # as PyArrow may say it
        if isinstance(fault, InvalidValueError):
            raise
        raise InvalidValueError(f"{path} must be a Parquet file, got {fault}.") from fault
    return of_frame(frame, str(path))


def _csv(path: Path, delimiter: str, decimal: str) -> TrialRows:
    import pandas as pd

    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InvalidValueError(f"`delimiter` must be one character, no quote and no line break, got {delimiter!r}.")
    if decimal not in (".", ","):
        raise InvalidValueError(f"`decimal` must be '.' or ',', got {decimal!r}.")
    try:
        header, lines = _shape(path, delimiter)
        frame = pd.read_csv(
            path, sep=delimiter, names=list(range(len(header))), header=0, index_col=False, dtype=str,
            na_filter=False, encoding="utf-8-sig", skipinitialspace=True,
        )  # fmt: skip
    except (csv.Error, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise InvalidValueError(f"{path} must be a CSV file in UTF-8, got {str(fault).strip()}.") from fault
    if len(frame) != len(lines):
        raise InvalidValueError(f"{path} must be a CSV file, got {len(lines)} lines of {len(frame)} rows.")
    frame = frame.apply(lambda column: _cells(column, decimal)).set_axis(header, axis=1)
    if header[0] == "":  # the index of a frame, as pandas writes it
        if not all(map(str.isdecimal, frame[""].cat.categories)):
            raise InvalidValueError(f"{path}: columns must have names, each once, got {header}.")
        frame = frame.drop(columns="")
    return TrialRows(frame, str(path), lambda row: f"line {lines[row]}")


def _shape(path: Path, delimiter: str) -> tuple[list[str], Sequence[int]]:
    """Return the header, and the last line of each row in the file: pandas fills short rows and counts no lines."""
    numbers, header = array("q"), list[str]()
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        for cells in reader:
            if len(cells) < 2 and not (cells and cells[0].strip(" \t")):
                continue  # a blank line
            if not header:
                header = cells
                continue
            if len(cells) != len(header):
                raise InvalidValueError(
                    f"{path}, line {reader.line_num}: there must be {len(header)} values, as in the header, got "
                    f"{len(cells)}."
                )
            numbers.append(reader.line_num)
    if not numbers:
        raise InvalidValueError(f"{path} must have a header and at least one line of values, got {min(len(header), 1)} "
                                "lines.")  # fmt: skip
    _check_size(path, len(numbers), len(header))
    return _checked(str(path), [of_cell(name.strip()) for name in header], index=True), numbers


def _cells(column: Series[Any], decimal: str) -> Series[Any]:
    """Return the texts of a column as they were before they were written."""
    import pandas as pd

    codes, found = pd.factorize(column)
    texts = [of_cell(text.strip()) for text in found]
    if decimal == ",":
        texts = [text.replace(",", ".") if with_comma(text) else text for text in texts]
    places = {text: i for i, text in enumerate(dict.fromkeys(texts))}  # two that become the same are one
    codes = np.array([places[text] for text in texts], np.int64)[codes]
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(list(places), dtype=object)))  # each text is kept once


def _check_size(path: Path, rows: int, columns: int) -> None:
    """Refuse a file that is too large to be held, before it is."""
    if rows > _ROWS or rows * columns > _CELLS:
        raise InvalidValueError(
            f"{path} must have at most {_ROWS} rows and {_CELLS} cells, got {rows} rows of {columns} columns: "
            "aggregate or sample them first."
        )


def _checked(source: str, header: Sequence[str], *, index: bool = False) -> list[str]:
    """Names of columns, each once; the first of a file may have none, as pandas writes its index."""
    named = header[1:] if index and len(header) > 1 and header[0] == "" else header
    if "" in named or len(set(named)) < len(named):
        twice = [name for name in dict.fromkeys(named) if named.count(name) > 1]
        which = f"{twice} more than once" if twice and twice != [""] else str(list(header))
        raise InvalidValueError(f"{source}: columns must have names, each once, got {which}.")
    return list(header)
