"""JSON files whose bytes are the same for the same values, and the manifest of the checksums of shipped data."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hpo_gym.base import DATA as DATA
from hpo_gym.base import DamagedDataError, StateError
from hpo_gym.system import posix, write_files
from hpo_gym.system import sha256 as sha256

MANIFEST = "manifest.json"


def check_source(path: Path, expected: str) -> None:
    """Refuse a source file other than the one that the builder was written for.

    Raises:
        DamagedDataError: The file's checksum is another one.
    """
    found = sha256(path)
    if found != expected:
        raise DamagedDataError(f"`sha256` of {path.name} must be {expected}, got {found}; download that version again.")


def write_json(path: Path, value: object) -> None:
    """Write JSON with one entry a line, keys in the order given, and a newline at the end."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_files(path.parent, {path.name: text.encode()})


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text("utf-8"))


def update_manifest(data: Path, paths: Iterable[Path]) -> None:
    """Record checksum and size of files below the folder `data` in its manifest, and keep the other entries."""
    manifest = data / MANIFEST
    with locked(data, wait=True):
        entries: dict[str, Any] = read_json(manifest) if manifest.exists() else {}
        for path in paths:
            entries[path.relative_to(data).as_posix()] = {"sha256": sha256(path), "bytes": path.stat().st_size}
        write_json(manifest, dict(sorted(entries.items())))


@contextlib.contextmanager
def locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a folder against other processes that ask for it; the kernel drops the lock, however the process ends.

    Raises:
        StateError: Another process holds it, and `wait` was not asked for.
    """
    fcntl = posix("fcntl", "A folder that is locked")
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as fault:
            raise StateError(f"One process at a time may write to {folder}, and another is at it.") from fault
        yield
    finally:
        os.close(handle)
