"""What an ensemble learned, in a folder: `learner.json` says what it is, `weights.safetensors` holds the arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import DamagedDataError

FORMAT = 1
ABOUT, WEIGHTS = "learner.json", "weights.safetensors"
_LARGEST = {ABOUT: 1 << 26, WEIGHTS: 1 << 30}  # bytes

Arrays = dict[str, NDArray[Any]]


def write_learner(folder: Path, name: str, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays and what they are; the same values give the same bytes.

    Args:
        folder: Made if it is missing.
        name: The registered name of the optimizer.
        about: Plain JSON.
        arrays: Numbers.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = save({key: np.ascontiguousarray(arrays[key]) for key in sorted(arrays)})
    head = {"format": FORMAT, "optimizer": name, **about, "sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps({**head, "checksum": _checksum(head)}, indent=1, allow_nan=False) + "\n"
    (folder / WEIGHTS).write_bytes(data)
    (folder / ABOUT).write_text(text, encoding="utf-8")


def read_learner(folder: Path, name: str) -> tuple[dict[str, Any], Arrays]:
    """Read and check what `write_learner` wrote; nothing that is read is run.

    Raises:
        DamagedDataError: A file is missing, damaged, of another optimizer or of a later format.
    """
    from safetensors.numpy import load

    path, stored = Path(folder) / ABOUT, Path(folder) / WEIGHTS
    text, data = _bytes(path), _bytes(stored)
    with blame(path):
        about = json.loads(text.decode("utf-8"))
        found = (about.get("format"), about.get("optimizer")) if isinstance(about, dict) else (None, None)
        if found != (FORMAT, name):
            raise DamagedDataError(f"{path}: `format` and `optimizer` must be {(FORMAT, name)}, got {found}.")
        expected = _checksum({k: v for k, v in about.items() if k != "checksum"})
        if about.get("checksum") != expected:
            raise DamagedDataError(f"{path}: `checksum` must be {expected}, got {about.get('checksum')!r}.")
    digest = hashlib.sha256(data).hexdigest()
    if digest != about.get("sha256"):
        raise DamagedDataError(f"{stored}: `sha256` must be {about.get('sha256')}, got {digest}.")
    with blame(stored):
        return about, dict(load(data))


@contextmanager
def blame(path: Path) -> Iterator[None]:
    """Report whatever goes wrong with what a file says as damage of that file."""
    try:
        yield
    except DamagedDataError:
        raise
    except Exception as fault:  # parsers raise anything on foreign bytes
        raise DamagedDataError(f"{path} must be what `save` wrote, got {type(fault).__name__}: {fault}.") from fault


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DamagedDataError(f"{path} must be a file; it is missing.")
    if path.stat().st_size > _LARGEST[path.name]:
        raise DamagedDataError(f"{path} must be at most {_LARGEST[path.name]} bytes, got {path.stat().st_size}.")
    return path.read_bytes()


def _checksum(head: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(head), sort_keys=True, separators=(",", ":")).encode()).hexdigest()
