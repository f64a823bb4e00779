"""Batches: cells (`Record`) written together, as one block; each array of all cells is compressed as a whole.

A batch is the length of its head, the head (JSON, compressed) and the columns, one after the other. A column holds the
arrays of one name and type, joined and compressed; the head has its length and its shape in each cell.
"""

from __future__ import annotations

import functools
import json
import math
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, canonical
from hpo_gym.system.storage.blocks import LARGEST, Arrays, blame_block, inflated, plain

Array = NDArray[np.generic]
Json = Mapping[str, object]

_LEVEL = 3  # of zlib: joined arrays repeat themselves, and higher ones take thrice as long for a fifth less


@dataclass(frozen=True)
class Record:
    """One cell.

    Attributes:
        cell: Its hash, in hex.
        identity: Input of the hash (suite, task, optimizer, settings, protocol, replicate, ...).
        arrays: Scored content: named arrays of booleans, numbers or fixed-width text; read-only after reading.
        measured: Unscored content: timings, package version, machine.
    """

    cell: str
    identity: Json
    arrays: Arrays = field(default_factory=dict)
    status: str = "done"
    error: str | None = None
    measured: Json = field(default_factory=dict)


def pack_batch(records: Sequence[Record]) -> bytes:
    """Return cells as one block; their hashes are not in it.

    Raises:
        InvalidValueError: A cell's status is not "done" or "failed", `plain` refuses an array, or a value is no JSON.
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


def unpack_batch(cells: Sequence[str], block: bytes) -> list[Record]:
    """Return the cells of a block of `pack_batch`, arrays read on demand; any other block is a `DamagedDataError`."""
    with blame_block():
        at = 4 + struct.unpack_from("<I", block)[0]
        head = json.loads(inflated(block[4:at], LARGEST))
        columns = []
        for name, code, shapes, length in head["columns"]:
            columns.append((name, _Column(code, shapes, block[at : at + length])))
            at += length
        return [
            Record(
                cell,
                _joined(head["identity"], place),
                _Arrays(place, {name: column for name, column in columns if column.shapes[place] is not None}),
                head["status"][place],
                head["error"][place],
                _joined(head["measured"], place),
            )
            for place, cell in enumerate(cells)
        ]


@dataclass(frozen=True)
class _Column:
    """The arrays of one name and type.

    Attributes:
        code: Their type.
        shapes: In each cell; None: it has no such array.
        body: The values of all cells, compressed.
    """

    code: str
    shapes: Sequence[Sequence[int] | None]
    body: bytes

    @functools.cached_property
    def arrays(self) -> list[Array]:
        """The arrays of all cells, read-only; flat and empty where a cell has none."""
        with blame_block():
            shapes = [[0] if shape is None else shape for shape in self.shapes]
            size = np.dtype(self.code).itemsize
            starts = [size * count for count in accumulate(map(math.prod, shapes), initial=0)]
            values = inflated(self.body, starts[-1])
            return [
                np.frombuffer(values, self.code, math.prod(shape), start).reshape(shape)
                for shape, start in zip(shapes, starts, strict=False)
            ]


@dataclass(frozen=True, eq=False)
class _Arrays(Mapping[str, Array]):
    """The arrays of one cell, by name, decompressed when one of them is asked for.

    Attributes:
        place: Of the cell in its batch.
        columns: Those in which it has an array.
    """

    place: int
    columns: Mapping[str, _Column]

    def __getitem__(self, name: str) -> Array:
        return self.columns[name].arrays[self.place]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def _columns(records: Sequence[Record]) -> tuple[list[tuple[str, str, list[list[int] | None], int]], list[bytes]]:
    """Return, for the arrays of one name and type: name, type, shape in each cell (or None), length; and the values."""
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
