"""Batches: cells written together, as one block; each array of all cells is compressed as a whole.

A batch is the length of its head, the head (JSON, compressed) and the columns, one after the other. A column holds the
arrays of one name and type, joined and compressed; the head has its length and its shape in each cell.
"""

from __future__ import annotations

import functools
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, canonical
from hpo_gym.system.storage.blocks import LARGEST, blame_block, inflated, plain
from hpo_gym.system.storage.records import Json, Record

Array = NDArray[np.generic]

_LEVEL = 3  # of zlib: joined arrays repeat themselves, and higher ones take thrice as long for a fifth less


def pack_batch(records: Sequence[Record]) -> bytes:
    """Return cells as one block; their hashes are not in it.

    Raises:
        InvalidValueError: A cell has another status than "done" or "failed", an array that `plain` refuses, or a value
            outside JSON.
    """
    for record in records:
        if record.status not in ("done", "failed"):
            raise InvalidValueError(f"`status` must be 'done' or 'failed', got {record.status!r}.")
    columns, bodies = _columns(records)
    head = {
        "status": [r.status for r in records],
        "error": [None if r.error is None else r.error.encode("utf-8", "backslashreplace").decode() for r in records],
        "identity": _parted([r.identity for r in records]),
        "measured": _parted([r.measured for r in records]),
        "columns": columns,
    }
    start = zlib.compress(_json(head, records).encode())
    return b"".join([struct.pack("<I", len(start)), start, *bodies])


class Batch:
    """The cells of a block that `pack_batch` wrote.

    Args:
        cells: Their hashes.
        block: Arrays are read from it when they are asked for.
    """

    def __init__(self, cells: Sequence[str], block: bytes) -> None:
        self.cells, self._block = tuple(cells), block
        with blame_block():
            self._at: int = 4 + struct.unpack_from("<I", block)[0]
            self._head: dict[str, Any] = json.loads(inflated(block[4 : self._at], LARGEST))
        self._columns: dict[int, bytes] = {}

    def record(self, place: int) -> Record:
        """Return the cell at a place, from 0."""
        head = self._head
        return Record(
            self.cells[place],
            _joined(head["identity"], place),
            _Arrays(self, place),
            head["status"][place],
            head["error"][place],
            _joined(head["measured"], place),
        )

    def records(self) -> Iterator[Record]:
        """Return all cells in the order of writing."""
        return map(self.record, range(len(self.cells)))

    def check(self) -> None:
        """Read all arrays of all cells."""
        for record in self.records():
            dict(record.arrays)

    # ------------------------------------------------------------------ arrays
    @functools.cached_property
    def _parts(self) -> list[dict[str, tuple[int, int]]]:
        """By cell and name: the column of the array, and where it starts there, in bytes."""
        parts: list[dict[str, tuple[int, int]]] = [{} for _ in self.cells]
        for column, (name, code, shapes, _) in enumerate(self._head["columns"]):
            at, size = 0, np.dtype(code).itemsize
            for part, shape in zip(parts, shapes, strict=True):
                if shape is not None:
                    part[name] = column, at
                    at += _count(shape) * size
        return parts

    @functools.cached_property
    def _starts(self) -> list[int]:
        """Return the start of each column in the block, and the end."""
        starts = [self._at]
        for *_, length in self._head["columns"]:
            starts.append(starts[-1] + length)
        return starts

    def _array(self, place: int, name: str) -> Array:
        column, at = self._parts[place][name]
        _, code, shapes, _ = self._head["columns"][column]
        with blame_block():
            if column not in self._columns:
                size = np.dtype(code).itemsize * sum(_count(s) for s in shapes if s is not None)
                self._columns[column] = inflated(self._block[self._starts[column] : self._starts[column + 1]], size)
            shape = shapes[place]
            return np.frombuffer(self._columns[column], code, _count(shape), at).reshape(shape)


class _Arrays(Mapping[str, Array]):
    """The arrays of one cell, by name, each decompressed when it is asked for."""

    def __init__(self, batch: Batch, place: int) -> None:
        self._batch, self._place = batch, place

    def __getitem__(self, name: str) -> Array:
        return self._batch._array(self._place, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._batch._parts[self._place])

    def __len__(self) -> int:
        return len(self._batch._parts[self._place])


def _columns(records: Sequence[Record]) -> tuple[list[tuple[str, str, list[list[int] | None], int]], list[bytes]]:
    """Return, for the arrays of one name and type each: name, type, shape in each cell (None: it has none) and length;
    and the joined and compressed values.
    """
    arrays: dict[tuple[str, str], list[Array | None]] = {}
    for i, record in enumerate(records):
        for name in sorted(record.arrays):
            array = plain(name, record.arrays[name])
            kind = name, array.dtype.str
            if kind not in arrays:
                arrays[kind] = [None] * len(records)
            arrays[kind][i] = array
    columns, bodies = [], []
    for (name, code), some in sorted(arrays.items()):
        bodies.append(zlib.compress(b"".join([a.tobytes() for a in some if a is not None]), _LEVEL))
        columns.append((name, code, [None if a is None else list(a.shape) for a in some], len(bodies[-1])))
    return columns, bodies


def _parted(values: Sequence[Json]) -> tuple[Json, list[Json]]:
    """Return the values common to all, and the rest of each."""
    first = values[0]
    common = {k: v for k, v in first.items() if all(k in other and _same(v, other[k]) for other in values)}
    return common, [{k: v for k, v in value.items() if k not in common} for value in values]


def _joined(parted: Sequence[Any], place: int) -> Json:
    common, own = parted
    return MappingProxyType({**common, **own[place]})


def _same(a: object, b: object) -> bool:
    """Return whether two JSON values are surely written alike."""
    return a is b or (type(a) is type(b) and isinstance(a, (str, int)) and a == b)


def _json(head: Mapping[str, object], records: Sequence[Record]) -> str:
    try:
        return canonical(head, allow_nan=False)
    except (TypeError, ValueError) as fault:
        given = [(dict(r.identity), dict(r.measured)) for r in records]
        raise InvalidValueError(
            f"`identity` and `measured` must be JSON, without NaN: {fault}; got {given!r:.500}."
        ) from fault


def _count(shape: Sequence[int]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count
