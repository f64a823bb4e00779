"""Files of trials: CSV, read line by line, Parquet, and frames in memory.

Each distinct text of a column is kept once, so memory depends on the distinct values, not on the number of rows.
"""

from __future__ import annotations

import csv
import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import InvalidValueError, of_cell, require
from hpo_gym.suites.own.columns import TableColumn, TableColumns
from hpo_gym.system import check_ordinary

if TYPE_CHECKING:
    from pandas import DataFrame, Series

DELIMITERS = (",", ";", "\t", "|")  # delimiters to try by default

_SAMPLE = 50  # lines that decide what the delimiter is
_PIECE = 1 << 16  # rows that are in memory as they stand in the file
_ROWS, _CELLS = 5_000_000, 100_000_000  # of a file; with ten columns a million rows take 1 GiB


def read_csv(path: Path, delimiter: str | None = None) -> TableColumns:
    """Read a CSV file with a header line.

    Args:
        path: The file, in UTF-8.
        delimiter: Separator of cells; by default that of `DELIMITERS` with the most cells a line, equally many in each.

    Raises:
        InvalidValueError: No such text, a line longer or shorter than the header, or wrong names of columns.
    """
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise InvalidValueError(f"`delimiter` must be one character, no quote and no line break, got {delimiter!r}.")
    check_ordinary(path)
    try:
        columns, lines = _columns(path, delimiter or _delimiter(path))
    except (csv.Error, UnicodeDecodeError) as fault:
        raise InvalidValueError(f"{path} must be a CSV file in UTF-8, got {str(fault).strip()}.") from fault
    return TableColumns(str(path), columns, lambda row: f"line {lines[row]}", np.arange(len(lines)))


def read_parquet(path: Path) -> TableColumns:
    """Read a Parquet file; needs the extra "parquet".

    Raises:
        InvalidValueError: It is none.
        MissingExtraError: PyArrow is not installed.
    """
    require("parquet")
    import pyarrow.parquet as parquet
    from pyarrow.lib import ArrowException

    check_ordinary(path)
    if not path.is_file():
        raise FileNotFoundError(2, "No such file or directory", str(path))
    try:
        with parquet.ParquetFile(path) as file:
            _check_size(path, file.metadata.num_rows, file.metadata.num_columns)
            header = _checked(str(path), file.schema_arrow.names)
            pieces = ((name, file.iter_batches(_PIECE, columns=[name])) for name in header)
            columns = {n: TableColumn.of(_texts(b.column(0).to_pandas() for b in some)) for n, some in pieces}
            n = file.metadata.num_rows
    except (OSError, ValueError, TypeError, RuntimeError, ArrowException) as fault:  # as PyArrow may say it
        if isinstance(fault, InvalidValueError):
            raise
        raise InvalidValueError(f"{path} must be a Parquet file, got {fault}.") from fault
    return _of_rows(str(path), columns, n)


def read_frame(frame: DataFrame) -> TableColumns:
    """Read a frame of pandas, its index aside."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidValueError(f"`path` must be a file or a frame of pandas, got {type(frame).__name__}.")
    header = _checked("The frame", [str(name) for name in frame.columns])
    columns = {name: TableColumn.of(_texts([frame.iloc[:, j]])) for j, name in enumerate(header)}
    return _of_rows("The frame", columns, len(frame))


def _check_size(path: Path, rows: int, columns: int) -> None:
    """Refuse a file that is too large to be held, before it is."""
    if rows > _ROWS or rows * columns > _CELLS:
        raise InvalidValueError(
            f"{path} must have at most {_ROWS} rows and {_CELLS} cells, got {rows} rows of {columns} columns: "
            "aggregate or sample them first."
        )


def _of_rows(source: str, columns: dict[str, TableColumn], n: int) -> TableColumns:
    if not n:
        raise InvalidValueError(f"{source} must have at least one row, got none.")
    return TableColumns(source, columns, lambda row: f"row {row}", np.arange(n))


# ---------------------------------------------------------------------------------------------- lines of a CSV file
def _lines(path: Path, delimiter: str, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not blank, with the number of its last line in the file."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=strict)
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip(" \t")):
                yield reader.line_num, cells


def _delimiter(path: Path) -> str:
    """Return the delimiter that gives the first lines the most cells, equally many in each."""

    def merit(delimiter: str) -> tuple[bool, int]:
        sample = [len(cells) for _, cells in itertools.islice(_lines(path, delimiter, strict=False), _SAMPLE)]
        return len(set(sample)) == 1 and sample[0] > 1, max(sample[:1], default=1)

    return max(DELIMITERS, key=merit)  # of equals the first


def _columns(path: Path, delimiter: str) -> tuple[dict[str, TableColumn], Sequence[int]]:
    """Return the columns, and the last line of each row in the file; each must have as many cells as the header."""
    lines, numbers = _lines(path, delimiter), array("q")
    _, first = next(lines, (0, []))
    known: list[dict[str, int]] = [{} for _ in first]
    codes = [array("i") for _ in first]
    for line, cells in lines:
        if len(cells) != len(first):
            raise InvalidValueError(
                f"{path}, line {line}: there must be {len(first)} values, as in the header, got {len(cells)}."
            )
        numbers.append(line)
        if len(numbers) <= min(_ROWS, _CELLS // len(first)):  # a larger file is counted only
            for texts, places, cell in zip(known, codes, cells, strict=True):
                places.append(texts.setdefault(of_cell(cell.strip()), len(texts)))
    if not numbers:
        raise InvalidValueError(f"{path} must have a header and at least one line of values, got {min(len(first), 1)} "
                                "lines.")  # fmt: skip
    header = _checked(str(path), [of_cell(name.strip()) for name in first], index=True)
    _check_size(path, len(numbers), len(header))
    found = zip(header, known, codes, strict=True)
    return {name: TableColumn(tuple(texts), np.array(places, np.int32)) for name, texts, places in found}, numbers


def _checked(source: str, header: Sequence[str], *, index: bool = False) -> list[str]:
    """Names of columns, each once; the first of a file may have none, as pandas writes its index."""
    named = header[1:] if index and len(header) > 1 and header[0] == "" else header
    if "" in named or len(set(named)) < len(named):
        twice = [name for name in dict.fromkeys(named) if named.count(name) > 1]
        which = f"{twice} more than once" if twice and twice != [""] else str(list(header))
        raise InvalidValueError(f"{source}: columns must have names, each once, got {which}.")
    return list(header)


# ---------------------------------------------------------------------------------------------- cells


def _texts(pieces: Iterable[Series[Any]]) -> Iterator[str]:
    """Yield the cells of a column as texts; what is missing is "nan" among floats, else empty."""
    for cells in pieces:
        missing = "nan" if isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "f" else ""
        for value, lost in zip(cells.tolist(), cells.isna().tolist(), strict=True):
            yield missing if lost else repr(float(value)) if isinstance(value, float) else str(value).strip()
