"""What an agent learned, in a folder: `agent.json` says what it is, a second file holds the arrays. No pickle.

That is `arrays.npz`, or, of the weights of networks, `weights.safetensors`.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import DamagedDataError, InvalidValueError
from hpo_gym.suite import canonical
from hpo_gym.table_files import blame

FORMAT = 1
ABOUT, ARRAYS, WEIGHTS = "agent.json", "arrays.npz", "weights.safetensors"


def write_agent(
    folder: Path, agent: str, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], *, tensors: bool = False
) -> None:
    """Write what an agent learned; the same agent gives the same bytes.

    Args:
        folder: Made if it is missing.
        agent: Its registered name.
        about: Plain JSON: settings, families seen, and what else the arrays need to be understood.
        arrays: Booleans or numbers.
        tensors: Whether they go to `weights.safetensors`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = _safetensors().save({k: np.ascontiguousarray(v) for k, v in arrays.items()}) if tensors else _npz(arrays)
    head = {"format": FORMAT, "agent": agent, **about, "sha256": hashlib.sha256(data).hexdigest()}
    try:
        text = json.dumps({**head, "checksum": _checksum(head)}, indent=1, allow_nan=False) + "\n"
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(f"What is saved of an agent must be plain JSON, got {fault}.") from fault
    (folder / (WEIGHTS if tensors else ARRAYS)).write_bytes(data)
    (folder / ABOUT).write_text(text, encoding="utf-8")


def read_agent(folder: Path, agent: str, *, tensors: bool = False) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read and check what `write_agent` wrote.

    Raises:
        DamagedDataError: A file is missing, damaged, of another agent or of a later format.
    """
    path, stored = Path(folder) / ABOUT, Path(folder) / (WEIGHTS if tensors else ARRAYS)
    for file in (path, stored):
        if not file.is_file():
            raise DamagedDataError(f"{file} must be a file; it is missing.")
    with blame(path):
        about = json.loads(path.read_text(encoding="utf-8"))
        found = (about.get("format"), about.get("agent")) if isinstance(about, dict) else (None, None)
        if found != (FORMAT, agent):
            raise DamagedDataError(f"{path}: `format` and `agent` must be {(FORMAT, agent)}, got {found}.")
        expected = _checksum({k: v for k, v in about.items() if k != "checksum"})
        if about.get("checksum") != expected:
            raise DamagedDataError(f"{path}: `checksum` must be {expected}, got {about.get('checksum')!r}.")
    with blame(stored):
        data = stored.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest != about.get("sha256"):
            raise DamagedDataError(f"{stored}: `sha256` must be {about.get('sha256')}, got {digest}.")
        if tensors:
            return about, _safetensors().load(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
                raise DamagedDataError(f"{stored}: the arrays must be stored, not compressed.")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return about, {name: arrays[name] for name in arrays.files}


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _safetensors() -> Any:
    return importlib.import_module("safetensors.numpy")  # of the extra "rl", which tables do without


def _checksum(head: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(dict(head)).encode()).hexdigest()
