"""Blocks: named arrays as compressed bytes and back, exactly (NaN too), without pickle.

A block is a JSON header of names, types and shapes, then the values, little-endian, compressed by zlib as a whole.
"""

from __future__ import annotations

import functools
import json
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError, InvalidValueError

Arrays = Mapping[str, NDArray[np.generic]]

LARGEST = 1 << 27
"""Upper limit of a block in bytes: a hundred times the usual size, and small enough to be read anywhere."""


def pack(arrays: Arrays) -> bytes:
    """Return named arrays as a block; equal arrays give equal bytes, whatever their order.

    Raises:
        InvalidValueError: An array holds objects, dates or platform-wide numbers, or all exceed `LARGEST` bytes.
    """
    return zlib.compress(_raw(arrays))


def _raw(arrays: Arrays) -> bytes:
    """Return the content of a block before compression."""
    header, body = [], []
    for name in sorted(arrays):
        array = plain(name, arrays[name])
        header.append([name, array.dtype.str, list(array.shape)])
        body.append(array.tobytes())
    head = json.dumps(header).encode()
    raw = b"".join([struct.pack("<I", len(head)), head, *body])
    if len(raw) > LARGEST:
        raise InvalidValueError(f"`arrays` must hold at most {LARGEST} bytes, got {len(raw)}.")
    return raw


def plain(name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return an array in its stored form, little-endian; refuse objects, dates and platform-wide numbers."""
    array = np.asarray(array)
    written = _written(array.dtype)
    if written is None:
        raise InvalidValueError(f"`arrays` must hold booleans, numbers or text, got {name!r}: {array.dtype}.")
    return array if array.dtype is written else array.astype(written, copy=False)


@functools.lru_cache(maxsize=64)
def _written(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the stored type for an array type, itself if possible; None without a portable form."""
    kind, size = dtype.kind, dtype.itemsize
    if kind not in "biufcUS" or (kind == "f" and size > 8) or (kind == "c" and size > 16):
        return None
    little = dtype.newbyteorder("<") if size else np.dtype(f"<{kind}1")
    return dtype if little == dtype else little


def unpack(block: bytes, *, exact: bool = False) -> dict[str, NDArray[np.generic]]:
    """Read a block of `pack`, with read-only arrays; raise `DamagedDataError` on any other.

    Args:
        exact: Whether to refuse other spellings of the same arrays, too.
    """
    with blame_block():
        raw = inflated(block, LARGEST)
        (length,) = struct.unpack_from("<I", raw)
        at, arrays = 4 + length, {}
        for name, code, shape in json.loads(raw[4:at]):
            dtype = np.dtype(code)
            size = math.prod(shape) * dtype.itemsize
            arrays[name] = np.frombuffer(raw[at : at + size], dtype).reshape(shape)
            at += size
        if at != len(raw):
            raise DamagedDataError(f"A block must end with its arrays, got {len(raw) - at} bytes more.")
        if exact and _raw(arrays) != raw:
            raise DamagedDataError("A block must be written as `pack` writes it.")
        return arrays


@contextmanager
def blame_block() -> Iterator[None]:
    """Report any error of zlib, JSON or NumPy on a block as its damage."""
    try:
        yield
    except DamagedDataError:
        raise
    except (zlib.error, struct.error, ValueError, TypeError, LookupError, SyntaxError, RecursionError) as fault:
        raise DamagedDataError(f"A block must be what was packed, got {type(fault).__name__}: {fault}.") from fault


def inflated(data: bytes, most: int) -> bytes:
    """Decompress data, refusing to produce more than `most` bytes.

    Raises:
        DamagedDataError: It is longer, or has no end.
        zlib.error: It is no such data.
    """
    stream = zlib.decompressobj()
    raw = stream.decompress(data, most + 1)
    if len(raw) > most or not stream.eof or stream.unused_data:
        raise DamagedDataError(f"A block must hold at most {most} bytes, and end there; it is longer, or cut.")
    return raw
