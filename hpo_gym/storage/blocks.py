"""Blocks: named arrays as compressed bytes and back, exactly (NaN too), without pickle.

A block is a JSON header of names, types and shapes, then the values, little-endian, compressed by zlib as a whole.
"""

from __future__ import annotations

import functools
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import InvalidValueError

Arrays = Mapping[str, NDArray[np.generic]]


def pack(arrays: Arrays) -> bytes:
    """Write named arrays as a block; the same arrays give the same bytes, whatever their order.

    Raises:
        InvalidValueError: An array holds objects, dates or numbers of a width that differs between machines.
    """
    header, body = [], []
    for name in sorted(arrays):
        array = plain(name, arrays[name])
        header.append([name, array.dtype.str, list(array.shape)])
        body.append(array.tobytes())
    head = json.dumps(header).encode()
    return zlib.compress(b"".join([struct.pack("<I", len(head)), head, *body]))


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
    """Read what `pack` wrote; the arrays are read-only."""
    raw = zlib.decompress(block)
    (length,) = struct.unpack_from("<I", raw)
    at, arrays = 4 + length, {}
    for name, code, shape in json.loads(raw[4:at]):
        dtype = np.dtype(code)
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        arrays[name] = np.frombuffer(raw[at : at + size], dtype).reshape(shape)
        at += size
    return arrays
