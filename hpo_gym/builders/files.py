"""Writing data files so that the same numbers give the same bytes, and the manifest of their checksums."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import DamagedDataError

DATA = Path(__file__).resolve().parent.parent / "data"
"""Where the tables of this package lie."""

MANIFEST = "manifest.json"


def sha256(path: Path) -> str:
    """Hash a file, as a hexadecimal number."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_source(path: Path, expected: str) -> None:
    """Refuse a source file other than the one that the builder was written for.

    Raises:
        DamagedDataError: The file's checksum is another one.
    """
    found = sha256(path)
    if found != expected:
        raise DamagedDataError(f"`sha256` of {path.name} must be {expected}, got {found}; download that version again.")


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays, in the order given, to an uncompressed npz file.

    Not compressed, as compressed bytes depend on the version of zlib; dates, platform marks and byte order are fixed.
    """
    with _replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16  # else they depend on the platform
            archive.writestr(info, _npy(array))


def write_json(path: Path, value: object) -> None:
    """Write JSON with one entry a line, keys in the order given, and a newline at the end."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with _replacing(path) as temporary:
        temporary.write_bytes(text.encode())  # bytes: no line ends of the platform


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text("utf-8"))


def update_manifest(data: Path, paths: Iterable[Path]) -> None:
    """Record checksum and size of files below the folder `data` in its manifest, and keep the other entries."""
    manifest = data / MANIFEST
    entries: dict[str, Any] = read_json(manifest) if manifest.exists() else {}
    for path in paths:
        entries[path.relative_to(data).as_posix()] = {"sha256": sha256(path), "bytes": path.stat().st_size}
    write_json(manifest, dict(sorted(entries.items())))


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    np.lib.format.write_array(buffer, little, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Hand out a temporary path that takes the place of `path` once it is written whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
