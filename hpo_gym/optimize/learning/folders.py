"""The folder of a trained optimizer, or a packed file of it: its files, their content, and the shipped folders."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from hpo_gym.base import DamagedDataError, InvalidValueError, blame
from hpo_gym.optimize.protocol import OPTIMIZERS
from hpo_gym.optimize.sharing.packed import is_packed, read_packed
from hpo_gym.system import check_seal, text

FORMAT = 1
ABOUT, ARRAYS, WEIGHTS = "optimizer.json", "arrays.npz", "weights.safetensors"
MODEL = "model.safetensors"  # name of `WEIGHTS` on the Hugging Face Hub
TRAINING, CHECKPOINTS = "training.json", "checkpoints"
_LARGEST = {ABOUT: 1 << 26, TRAINING: 1 << 26, "README.md": 1 << 24}  # bytes
_LARGEST |= dict.fromkeys((ARRAYS, WEIGHTS, MODEL), 1 << 30)
FILES = tuple(_LARGEST)


def read_about(folder: str | Path) -> dict[str, Any]:
    """Return the content of `optimizer.json` once its checksums hold; raise `DamagedDataError` as `read_saved`."""
    path = Path(folder) / ABOUT
    data = read_bytes(path)
    with blame(path):
        head = json.loads(data.decode("utf-8"))
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise InvalidValueError(f"`format` must be {FORMAT}.")
        text("`optimizer`", head.get("optimizer"), 200)
        check_seal(head)
        return head


def shipped() -> dict[str, Path]:
    """Return the folders of the trained optimizers that are shipped, by name."""
    found: dict[str, Path] = {}
    for package in OPTIMIZERS.packages:
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            found |= {p.parent.name: p.parent for p in sorted(Path(root, "pretrained").glob(f"*/{ABOUT}"))}
    return found


def held(folder: Path) -> dict[str, bytes]:
    """Return the known files of a folder or a packed file, by name; raise `DamagedDataError` as `read_bytes`."""
    if is_packed(folder):
        return read_packed(folder, _LARGEST)
    return {name: read_bytes(folder / name) for name in _LARGEST if (folder / name).is_file()}


def read_bytes(path: Path) -> bytes:
    """Return the bytes of one of the files, `MODEL` in place of missing `WEIGHTS`; raise `DamagedDataError` where it is
    missing or too large."""
    most = _LARGEST[path.name]
    if is_packed(path.parent):
        found = read_packed(path.parent, _LARGEST)
        if path.name in found or (path.name == WEIGHTS and MODEL in found):
            return found.get(path.name) or found[MODEL]
    elif path.name == WEIGHTS and not path.is_file() and path.with_name(MODEL).is_file():
        path = path.with_name(MODEL)
    if not path.is_file():
        raise DamagedDataError(f"{path} must be a file; it is missing.")
    size = path.stat().st_size
    if size > most:
        raise DamagedDataError(f"{path} must have at most {most} bytes, got {size}.")
    return path.read_bytes()


def is_plain(folder: Path) -> bool:
    """Return whether `write_saved` wrote a folder: JSON and arrays; a packed file must be of one."""
    return is_packed(folder) or (folder / ABOUT).is_file()
