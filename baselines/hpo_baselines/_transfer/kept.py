"""A disk cache of expensive arrays. One rule: a read returns the computed array, or it is computed anew.

A file is named by a hash of all inputs of the array. Files are arrays of NumPy without objects behind their own
SHA-256; they are written whole, and the least recently read ones make room for new ones.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import StorageFullError
from hpo_gym.system import write_files

LOGGER = logging.getLogger("hpo_gym")
ENVIRONMENT = "HPO_GYM_CACHE"
MOST = 200_000_000
"""Bytes of all files together; an array of more than a tenth of it is not kept."""
_HEAD, _ENDING = hashlib.sha256().digest_size, ".kept"
_NAMES = 4096  # bytes of a file beside its numbers


def folder() -> Path | None:
    """Return the cache folder: `HPO_GYM_CACHE`, None if that is empty; else a folder of the user's cache."""
    named = os.environ.get(ENVIRONMENT)
    if named is not None:
        return Path(named) if named else None
    with suppress(RuntimeError):  # nobody's home
        home = {"win32": Path.home() / "AppData" / "Local", "darwin": Path.home() / "Library" / "Caches"}
        base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
        return (Path(base) if base else home.get(sys.platform, Path.home() / ".cache")) / "hpo-gym"
    return None


def read(name: str, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """Return the array of this name; None without one, or if it is damaged or of another shape (logged)."""
    home = folder()
    if home is None:
        return None
    path = home / f"{name}{_ENDING}"
    try:
        with path.open("rb") as file:
            data = file.read(_HEAD + 8 * int(np.prod(shape)) + _NAMES)
        os.utime(path)
    except OSError:
        return None
    if hashlib.sha256(data[_HEAD:]).digest() == data[:_HEAD]:
        with suppress(ValueError, EOFError):
            array = np.load(io.BytesIO(data[_HEAD:]), allow_pickle=False)
            if array.shape == shape and array.dtype == np.float64:
                return np.asarray(array)
    LOGGER.warning("%s is damaged; it is computed and written anew.", path)
    return None


def write(name: str, array: NDArray[np.float64]) -> None:
    """Keep an array; where that cannot be, the log tells it."""
    home = folder()
    if home is None or array.nbytes > MOST // 10:
        return
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    data = stream.getvalue()
    try:
        write_files(home, {f"{name}{_ENDING}": hashlib.sha256(data).digest() + data})
        _make_room(home)
    except (OSError, StorageFullError) as fault:
        LOGGER.info("Nothing is kept in %s: %s", home, fault)


def _make_room(home: Path) -> None:
    """Remove the least recently read files until `MOST` holds."""
    files = []
    for path in home.glob(f"*{_ENDING}"):
        with suppress(FileNotFoundError):  # another process makes room too
            stat = path.stat()
            files.append((stat.st_mtime_ns, stat.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MOST:
            return
        path.unlink(missing_ok=True)
        total -= size
