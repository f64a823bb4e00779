"""Rows of stores of schema 1, one a cell: read, and no longer written."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from hpo_gym.system.storage.blocks import unpack
from hpo_gym.system.storage.records import Record

COLUMNS = "cell, checksum, status, error, identity, measured, payload"


def record_of(row: tuple[Any, ...]) -> Record:
    """Return the cell of a row, after comparing its checksum."""
    cell, _, status, error, identity, measured, payload = row
    said, reported = (MappingProxyType(json.loads(str(text))) for text in (identity, measured))
    return Record(
        str(cell), said, MappingProxyType(unpack(payload)), str(status), None if error is None else str(error), reported
    )
