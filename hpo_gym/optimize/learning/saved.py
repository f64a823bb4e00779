"""Trained optimizers in folders: `optimizer.json` describes one, a second file holds its arrays. No pickle.

That is ``arrays.npz``, or, for the weights of networks, ``weights.safetensors``; there is none where the JSON says all.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError, InvalidValueError, UnknownNameError, blame, made, shown
from hpo_gym.optimize.learning.folders import ABOUT, ARRAYS, FORMAT, TRAINING, WEIGHTS, is_plain, read_about, read_bytes
from hpo_gym.optimize.learning.made_of import made_of, stale
from hpo_gym.optimize.protocol import OPTIMIZERS, Optimizer
from hpo_gym.optimize.sharing.places import on_hub, parted
from hpo_gym.problem import SUITES
from hpo_gym.suites import load_suite
from hpo_gym.system import MADE_OF, sealed, write_files

_DATA = "data"
_OURS = ("format", "optimizer", _DATA, "arrays", "sha256", "checksum", MADE_OF)

Arrays = dict[str, NDArray[Any]]


def write_saved(
    folder: str | Path, name: str, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None, *,
    weights: bool = False,
) -> None:  # fmt: skip
    """Write a trained optimizer; equal optimizers give equal bytes.

    Args:
        folder: Made if it is missing.
        about: Plain JSON: version, settings, families seen (``seen``), suites trained on (``suites``), and everything
            else needed to read the arrays. The data hash of each registered suite (`data`) and the stamps of its origin
            (`made_of`) are added unless given, as by a loaded optimizer.
        arrays: Booleans or numbers.
        weights: Whether they are weights, for `WEIGHTS`.

    Raises:
        InvalidValueError: `about` is not plain JSON.
    """
    said = {k: v for k, v in about.items() if k not in _OURS}
    trained_on = about.get(_DATA) or _data(about.get("suites", ()))
    head = {"format": FORMAT, "optimizer": name, **said, _DATA: trained_on, "arrays": None}
    data = None
    if arrays is not None:
        ready = {key: np.ascontiguousarray(value) for key, value in arrays.items()}
        if weights:
            data = _safetensors().save(ready)
        else:
            np.savez(stream := io.BytesIO(), **ready)  # type: ignore[arg-type]
            data = stream.getvalue()
        head |= {"arrays": WEIGHTS if weights else ARRAYS, "sha256": hashlib.sha256(data).hexdigest()}
    head[MADE_OF] = about.get(MADE_OF) or _made_of(name, about)
    files = {} if data is None else {str(head["arrays"]): data}
    write_files(Path(folder), {**files, ABOUT: sealed(head)})


def read_saved(folder: str | Path, name: str, version: int | None = None) -> tuple[dict[str, Any], Arrays]:
    """Read and check a folder of `write_saved`; nothing in it is run. `stale_since` lists the parts that have moved on.

    Args:
        version: The only version to accept; None for any.

    Raises:
        DamagedDataError: A file is missing or damaged, or it is of another optimizer, version or format.
    """
    path = Path(folder) / ABOUT
    head = read_about(folder)
    with blame(path):
        found = (head["optimizer"], head["version"])
        wanted = (name, found[1] if version is None else version)
        if found != wanted:
            raise InvalidValueError(f"`optimizer` and `version` must be {wanted}, got {found}.")
        if head["arrays"] is None:
            return head, {}
        if head["arrays"] not in (ARRAYS, WEIGHTS):
            raise InvalidValueError(f"`arrays` must be {ARRAYS!r}, {WEIGHTS!r} or null, got {head['arrays']!r}.")
    return head, _arrays(Path(folder) / head["arrays"], head["sha256"])


def check_saved(folder: str | Path) -> None:
    """Raise `DamagedDataError` unless the files of a folder are as written."""
    head = read_about(folder)
    with blame(Path(folder) / ABOUT):
        if head["arrays"] is not None:
            _checked(Path(folder) / str(head["arrays"]), head["sha256"])


def stale_since(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts that have moved on since a training: ``("MLP 1 -> 2",)``; see
    `hpo_gym.optimize.learning.made_of`.

    Args:
        about: Content of `optimizer.json`, or of `training.json` for an optimizer with files of its own.
    """
    return stale(about.get(MADE_OF, {}))


def _made_of(name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    return made_of([s for s in about.get("suites", ()) if s in SUITES.entries()], [name])


def load(saved: str | Path, optimizer: str | Callable[..., Any] | None = None) -> Optimizer:
    """Load a trained optimizer; its `stale` lists the parts that have moved on since its training: ``("MLP 1 -> 2",)``.

    Args:
        saved: The name of a shipped one (`shipped`), the folder of `hpo_gym.train` or `save`, a file of `hpo-gym pack`,
            ``"OWNER/NAME@REVISION"`` of the Hugging Face Hub, or ``"file.py:Name@folder"``, with its class.
        optimizer: Its class, or the name of the class, unless that is registered.

    Raises:
        InvalidValueError: No such thing.
        DamagedDataError: Its files have changed since they were written.
        UnknownNameError: The folder belongs to a user's class: name it.
        MissingExtraError: It needs an optional package.
    """
    if not isinstance(saved, (str, Path)):
        raise InvalidValueError(f"`saved` must be a name, a folder or 'file.py:Name@folder', got {shown(saved)}.")
    spec, folder = parted(on_hub(str(saved)))
    found: Any = _maker(folder, optimizer or spec)
    if not callable(getattr(found, "load", None)):
        raise InvalidValueError(f"{folder} must name an optimizer that can be trained, got {type(found).__name__!r}.")
    found.load(folder)
    with suppress(AttributeError):  # of a class with slots
        found.stale = stale_since(_about(folder))
    return found  # type: ignore[no-any-return]


def _about(folder: Path) -> dict[str, Any]:
    """Return the description of a training in the files of a folder."""
    return read_about(folder) if is_plain(folder) else _training(folder)


def _maker(folder: Path, given: str | Callable[..., Any] | None) -> object:
    """Return an optimizer to load a folder into, made with the settings of the training if the folder stores none."""
    said = _about(folder)
    name, settings = str(said.get("optimizer")), {} if is_plain(folder) else dict(said["settings"])
    if given is None and name not in OPTIMIZERS.entries():
        raise UnknownNameError(
            f"{folder} was trained by {name!r}, which is no registered optimizer. Name its class: "
            f"`load({str(folder)!r}, TheClass)`, or 'file.py:TheClass@{folder}'."
        )
    maker = given if callable(given) else OPTIMIZERS.resolve(given or name)
    return made(maker, name, settings)


def trained_name(folder: Path) -> str:
    """Return the registered name of the optimizer in a folder, from its files."""
    return str(_about(folder).get("optimizer"))


def _training(folder: Path) -> dict[str, Any]:
    path = folder / TRAINING
    with blame(path):
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict) or not isinstance(said.get("settings"), dict):
            raise InvalidValueError("it must say `optimizer` and `settings`.")
    return said


def content_of(folder: Path) -> str:
    """Return the hash of the learned content: equal bytes have equal hashes, for any length of training."""
    if is_plain(folder):
        return str(read_about(folder)["checksum"])
    files = sorted(p for p in folder.iterdir() if p.is_file() and p.name != TRAINING)
    parts = [f"{p.name} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _data(suites: Iterable[str]) -> dict[str, str]:
    return {name: load_suite(name).data_hash for name in suites if name in SUITES.entries()}


def _checked(path: Path, sha256: str) -> bytes:
    data = read_bytes(path)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise DamagedDataError(f"{path}: `sha256` must be {sha256}, got {found}.")
    return data


def _arrays(path: Path, sha256: str) -> Arrays:
    data = _checked(path, sha256)
    with blame(path):
        if path.name == WEIGHTS:
            tensors = dict(_safetensors().load(data))
            odd = next((name for name, a in tensors.items() if a.dtype.str not in ("<f4", "<f8", "<i8")), None)
            if odd is not None:  # a network would take it for numbers
                raise InvalidValueError(
                    f"Weights must be float32, float64 or int64, got {tensors[odd].dtype}: {odd!r}."
                )
            return tensors
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
                raise InvalidValueError("the arrays must be stored, not compressed.")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}


def _safetensors() -> Any:
    return importlib.import_module("safetensors.numpy")  # of the extra "rl", which tables do without
