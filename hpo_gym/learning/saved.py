"""What an optimizer learned, in a folder: `optimizer.json` says what it is, a second file holds the arrays. No pickle.

That is ``arrays.npz``, or, of the weights of networks, ``weights.safetensors``; there is none where the JSON says all.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import DamagedDataError, InvalidValueError, UnknownNameError, blame, nearest, neighbours, shown
from hpo_gym.optimizer import OPTIMIZERS, Optimizer
from hpo_gym.registry import made
from hpo_gym.storage.whole import checksum, sealed, write_files
from hpo_gym.suite import SUITES
from hpo_gym.suites import load_suite

FORMAT = 1
ABOUT, ARRAYS, WEIGHTS = "optimizer.json", "arrays.npz", "weights.safetensors"
TRAINING = "training.json"
_OURS = ("format", "optimizer", "data", "arrays", "sha256", "checksum")
_LARGEST = {ABOUT: 1 << 26, ARRAYS: 1 << 30, WEIGHTS: 1 << 30}  # bytes

Arrays = dict[str, NDArray[Any]]


def write_saved(
    folder: str | Path, name: str, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None, *,
    weights: bool = False,
) -> None:  # fmt: skip
    """Write what an optimizer learned; the same optimizer gives the same bytes.

    Args:
        folder: Made if it is missing.
        name: The registered name of the optimizer.
        about: Plain JSON: version, settings, families seen (``seen``), suites trained on (``suites``), and what else
            the arrays need to be understood. The data hash of each registered suite is added.
        arrays: Booleans or numbers.
        weights: Whether they are weights, for `WEIGHTS`.

    Raises:
        InvalidValueError: `about` is not plain JSON.
    """
    said = {k: v for k, v in about.items() if k not in _OURS}
    head = {"format": FORMAT, "optimizer": name, **said, "data": _data(about.get("suites", ())), "arrays": None}
    data = None
    if arrays is not None:
        ready = {key: np.ascontiguousarray(value) for key, value in arrays.items()}
        data = _safetensors().save(ready) if weights else _npz(ready)
        head |= {"arrays": WEIGHTS if weights else ARRAYS, "sha256": hashlib.sha256(data).hexdigest()}
    files = {} if data is None else {str(head["arrays"]): data}
    write_files(Path(folder), {**files, ABOUT: sealed(head)})


def read_saved(folder: str | Path, name: str, version: int) -> tuple[dict[str, Any], Arrays]:
    """Read and check what `write_saved` wrote; nothing that is read is run.

    Raises:
        DamagedDataError: A file is missing or damaged, or it is of another optimizer, version or format, or was trained
            on other data than a suite has now.
    """
    path = Path(folder) / ABOUT
    head = read_about(folder)
    with blame(path):
        found = (head["optimizer"], head["version"])
        if found != (name, version):
            raise InvalidValueError(f"`optimizer` and `version` must be {(name, version)}, got {found}.")
        for suite, trained_on in head["data"].items():
            if suite in SUITES.entries() and load_suite(suite).data_hash != trained_on:
                raise InvalidValueError(f"it was trained on other data of {suite!r} than are here: train it anew.")
        if head["arrays"] is None:
            return head, {}
        if head["arrays"] not in (ARRAYS, WEIGHTS):
            raise InvalidValueError(f"`arrays` must be {ARRAYS!r}, {WEIGHTS!r} or null, got {head['arrays']!r}.")
    return head, _arrays(Path(folder) / head["arrays"], head["sha256"])


def check_saved(folder: str | Path) -> None:
    """Whether the files of a folder are those that were written; raises `DamagedDataError` where they are not."""
    head = read_about(folder)
    with blame(Path(folder) / ABOUT):
        if head["arrays"] is not None:
            _checked(Path(folder) / str(head["arrays"]), head["sha256"])


def read_about(folder: str | Path) -> dict[str, Any]:
    """What `optimizer.json` says, its checksum checked; raises `DamagedDataError` as `read_saved`."""
    path = Path(folder) / ABOUT
    data = _bytes(path)
    with blame(path):
        head = json.loads(data.decode("utf-8"))
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise InvalidValueError(f"`format` must be {FORMAT}.")
        if head.get("checksum") != checksum(head):
            raise InvalidValueError(f"`checksum` must be {checksum(head)}, got {head.get('checksum')!r}.")
        return head


def check_like(arrays: Mapping[str, NDArray[Any]], wanted: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays of other names, shapes or types than those that are wanted, and numbers that are not finite.

    Raises:
        InvalidValueError: The first of them.
    """
    if arrays.keys() != wanted.keys():
        raise InvalidValueError(f"Arrays must be {sorted(wanted)}, got {sorted(arrays)}.")
    for name, own in wanted.items():
        found = arrays[name]
        if (found.shape, found.dtype) != (own.shape, own.dtype) or not np.isfinite(found).all():
            raise InvalidValueError(
                f"`{name}` must be finite {own.dtype} {own.shape}, got {found.dtype} {found.shape}."
            )


def check_finite(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that hold NaN or infinity; raises `InvalidValueError` of the first of them."""
    for name, found in arrays.items():
        if not np.isfinite(found).all():
            raise InvalidValueError(f"`{name}` must be finite, got NaN or infinity among its {found.size} numbers.")


def load(saved: str | Path, optimizer: str | Callable[..., Any] | None = None) -> Optimizer:
    """A trained optimizer.

    Args:
        saved: The name of one that is shipped (`shipped`), a folder that `hpo_gym.train` or `save` wrote, or
            ``"file.py:Name@folder"``, with the class that was trained.
        optimizer: The class that was trained, or its name, where it is not a registered one.

    Raises:
        InvalidValueError: Nothing of the kind.
        DamagedDataError: Its files are not what was written, or were trained on other data than a suite has now.
        UnknownNameError: The folder is of a class of one's own: say which.
        MissingExtraError: It needs an optional package.
    """
    if not isinstance(saved, (str, Path)):
        raise InvalidValueError(f"`saved` must be a name, a folder or 'file.py:Name@folder', got {shown(saved)}.")
    spec, folder = parted(saved)
    found: Any = _maker(folder, optimizer or spec)
    if not callable(getattr(found, "load", None)):
        raise InvalidValueError(f"{folder} must name an optimizer that can be trained, got {type(found).__name__!r}.")
    found.load(folder)
    return found  # type: ignore[no-any-return]


def _maker(folder: Path, given: str | Callable[..., Any] | None) -> object:
    """What is to load a folder, made with the settings that were trained where it stores none itself."""
    about = read_about(folder) if (folder / ABOUT).is_file() else None
    said = _training(folder) if about is None else about
    name, settings = str(said.get("optimizer")), {} if about is not None else dict(said.get("settings", {}))
    if given is None and name not in OPTIMIZERS.entries():
        raise UnknownNameError(
            f"{folder} was trained by {name!r}, which is no registered optimizer. Name its class: "
            f"`load({str(folder)!r}, TheClass)`, or 'file.py:TheClass@{folder}'."
        )
    maker = given if callable(given) else OPTIMIZERS.resolve(given or name)
    return made(maker, name, settings)


def trained_name(folder: Path) -> str:
    """The registered name of what was trained into a folder, as its files say."""
    return str((read_about(folder) if (folder / ABOUT).is_file() else _training(folder)).get("optimizer"))


def _training(folder: Path) -> dict[str, Any]:
    path = folder / TRAINING
    with blame(path):
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict) or not isinstance(said.get("settings"), dict):
            raise InvalidValueError("it must say `optimizer` and `settings`.")
    return said


def is_saved(text: str) -> bool:
    """Whether `load` takes a text: a shipped name, the folder of a trained optimizer, or "file.py:Name@folder"."""
    spec, folder = _split(text)
    return text in shipped() or ((spec is not None or ":" not in text) and _is_folder(folder))


def content_of(folder: Path) -> str:
    """The hash of what was learned: the same for the same bytes, however long it was trained."""
    if (folder / ABOUT).is_file():
        return str(read_about(folder)["checksum"])
    files = sorted(p for p in folder.iterdir() if p.is_file() and p.name != TRAINING)
    parts = [f"{p.name} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def parted(saved: str | Path) -> tuple[str | None, Path]:
    """The class that a text names, or None, and the folder; raises `InvalidValueError` where there is none."""
    spec, folder = _split(str(saved))
    return spec, folder_of(folder)


def _split(text: str) -> tuple[str | None, Path]:
    spec, at, folder = text.partition("@")
    if at and ":" in spec and not Path(text).is_dir():
        return spec, Path(folder)
    return None, Path(text)


def _is_folder(folder: Path) -> bool:
    try:
        return (folder / ABOUT).is_file() or (folder / TRAINING).is_file()
    except (OSError, ValueError):  # what can be no path at all
        return False


def shipped() -> dict[str, Path]:
    """Names and folders of the trained optimizers that are shipped."""
    found: dict[str, Path] = {}
    for package in OPTIMIZERS.packages:
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            found |= {p.parent.name: p.parent for p in sorted(Path(root, "pretrained").glob(f"*/{ABOUT}"))}
    return found


def folder_of(saved: str | Path) -> Path:
    """The folder of a trained optimizer; raises `InvalidValueError` where there is none."""
    known = shipped()
    if str(saved) in known:
        return known[str(saved)]
    if _is_folder(Path(saved)):
        return Path(saved)
    near = nearest(str(saved), [*known, *neighbours(saved, ABOUT)])
    raise InvalidValueError(
        f"A trained optimizer must be one of {sorted(known)}, or a folder with {ABOUT}, got {str(saved)!r}"
        + (f"; the nearest is {near!r}." if near else ".")
    )


def _data(suites: Iterable[str]) -> dict[str, str]:
    return {name: load_suite(name).data_hash for name in suites if name in SUITES.entries()}


def _checked(path: Path, sha256: str) -> bytes:
    data = _bytes(path)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise DamagedDataError(f"{path}: `sha256` must be {sha256}, got {found}.")
    return data


def _arrays(path: Path, sha256: str) -> Arrays:
    data = _checked(path, sha256)
    with blame(path):
        if path.name == WEIGHTS:
            return dict(_safetensors().load(data))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
                raise InvalidValueError("the arrays must be stored, not compressed.")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DamagedDataError(f"{path} must be a file; it is missing.")
    size = path.stat().st_size
    if size > _LARGEST[path.name]:
        raise DamagedDataError(f"{path} must have at most {_LARGEST[path.name]} bytes, got {size}.")
    return path.read_bytes()


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _safetensors() -> Any:
    return importlib.import_module("safetensors.numpy")  # of the extra "rl", which tables do without
