"""Rows of text, separated by a character, with a header: what most packages hold."""

from __future__ import annotations

import csv
import io

from hpo_builders.data_sets.sources import Table
from hpo_gym.base import DamagedDataError

LARGEST = 1 << 24
"""Most characters of a cell."""


def table(text: str, separator: str = ",", *, skip: int = 0) -> Table:
    """Columns by the names in the first row.

    Args:
        text: All rows.
        separator: Between cells.
        skip: Rows after the header that say something of the columns.

    Raises:
        DamagedDataError: A row that holds something has another number of cells than the header.
    """
    previous = csv.field_size_limit(LARGEST)
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    finally:
        csv.field_size_limit(previous)
    rows = [row for row in rows[skip:] if row]
    if odd := {len(row) for row in rows} - {len(header)}:
        raise DamagedDataError(f"Rows must have {len(header)} cells, got {sorted(odd)}.")
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}
