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
"""Bytes that a block may hold: a hundred times what is written, and little enough to be read anywhere."""


def pack(arrays: Arrays) -> bytes:
    """Write named arrays as a block; the same arrays give the same bytes, whatever their order.

    Raises:
        InvalidValueError: An array holds objects, dates or numbers of a width that differs between machines, or all
            together hold more than `LARGEST` bytes.
    """
    header, body = [], []
    for name in sorted(arrays):
        array = plain(name, arrays[name])
        header.append([name, array.dtype.str, list(array.shape)])
        body.append(array.tobytes())
    head = json.dumps(header).encode()
    raw = b"".join([struct.pack("<I", len(head)), head, *body])
    if len(raw) > LARGEST:
        raise InvalidValueError(f"`arrays` must hold at most {LARGEST} bytes, got {len(raw)}.")
    return zlib.compress(raw)


def plain(name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """An array as it is written, little-endian.

    Raises:
        InvalidValueError: It holds objects, dates or numbers of a width that differs between machines.
    """
    array = np.asarray(array)
    written = _written(array.dtype)
    if written is None:
        raise InvalidValueError(f"`arrays` must hold booleans, numbers or text, got {name!r}: {array.dtype}.")
    return array if array.dtype is written else array.astype(written, copy=False)


@functools.lru_cache(maxsize=64)
def _written(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The type as which one is written, itself where it may be; None where it has no form of its own everywhere."""
    kind, size = dtype.kind, dtype.itemsize
    if kind not in "biufcUS" or (kind == "f" and size > 8) or (kind == "c" and size > 16):
        return None
    little = dtype.newbyteorder("<") if size else np.dtype(f"<{kind}1")
    return dtype if little == dtype else little


def unpack(block: bytes) -> dict[str, NDArray[np.generic]]:
    """Read what `pack` wrote; the arrays are read-only.

    Raises:
        DamagedDataError: `pack` did not write it.
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
        return arrays


@contextmanager
def blame_block() -> Iterator[None]:
    """Report whatever zlib, JSON or NumPy say of a block as its damage."""
    try:
        yield
    except DamagedDataError:
        raise
    except (zlib.error, struct.error, ValueError, TypeError, LookupError, SyntaxError, RecursionError) as fault:
        raise DamagedDataError(f"A block must be what was packed, got {type(fault).__name__}: {fault}.") from fault


def inflated(data: bytes, most: int) -> bytes:
    """What zlib compressed, of at most `most` bytes: more is never made.

    Raises:
        DamagedDataError: It is longer, or has no end.
        zlib.error: It is no such data.
    """
    stream = zlib.decompressobj()
    raw = stream.decompress(data, most + 1)
    if len(raw) > most or not stream.eof:
        raise DamagedDataError(f"A block must hold at most {most} bytes, and end; it is longer, or cut.")
    return raw
