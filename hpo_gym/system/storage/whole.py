"""Atomic files and folders: written whole or not at all, and on the disk when the call returns.

Content is written under a temporary name beside its place, flushed to the disk, and renamed once. A killed process
leaves at most that name behind; the next writer removes it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError, StorageFullError, canonical

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files of a folder by their names; raises as `whole_files`."""
    with whole_files(folder, *contents) as parts:
        for part, data in zip(parts, contents.values(), strict=True):
            part.write_bytes(data)


@contextmanager
def whole_files(folder: Path, *names: str) -> Iterator[list[Path]]:
    """Yield a temporary path for each file; at the end of the block, they take their places in this order.

    A process killed between two of them leaves the first new, so the last should hold checksums of the earlier ones.

    Raises:
        StorageFullError: A file could not be written; earlier content is intact.
    """
    with _parts(folder, *names) as parts:
        yield parts
        for part in parts:
            _sync(part)
        for part, name in zip(parts, names, strict=True):
            part.replace(folder / name)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder to write to; at the end of the block, it takes the place of `path`, replacing any other.

    Raises:
        StorageFullError: A file could not be written; earlier content is intact.
    """
    with _parts(path.parent, path.name, f"{path.name}.old") as (part, old):
        part.mkdir()
        yield part
        for inside in (*part.rglob("*"), part):
            _sync(inside)
        try:
            with suppress(FileNotFoundError):  # a folder that holds files cannot be replaced by one rename
                path.rename(old)
            part.rename(path)
        finally:
            if old.exists() and not path.exists():
                old.rename(path)


@contextmanager
def own_files(path: Path, ours: Collection[Path]) -> Iterator[Path]:
    """Yield a new folder to write to; at the end of the block, its files take the places of `ours` in `path`.

    All else in `path` stays. Where there is nothing else, `whole_folder` replaces all at once; else each file
    is the old one or the new one.

    Args:
        ours: The files in `path` that an earlier call wrote.
    """
    known = {*ours, *(parent for file in ours for parent in file.parents)}
    if not path.exists() or (path != Path.cwd() and known.issuperset(path.rglob("*"))):
        with whole_folder(path) as part:
            yield part
        return
    with _parts(path, "new") as (part,):
        part.mkdir()
        yield part
        files = [file.relative_to(part) for file in sorted(part.rglob("*")) if file.is_file()]
        for file in files:
            _sync(part / file)
            (path / file).parent.mkdir(parents=True, exist_ok=True)
        for file in files:
            (part / file).replace(path / file)
        for old in {*ours} - {path / file for file in files}:
            old.unlink(missing_ok=True)


@contextmanager
def made_folder(path: Path) -> Iterator[None]:
    """Make a folder; where the block fails, it and the parents made with it go again, as far as they are empty."""
    new = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for one in new:
                one.rmdir()
        raise


@contextmanager
def _parts(home: Path, *names: str) -> Iterator[list[Path]]:
    """Yield unused paths beside those of the names; leftovers are removed before and after the block."""
    parts = [home / f".{name}.{os.getpid()}.part" for name in names]
    try:
        home.mkdir(parents=True, exist_ok=True)
        for path in list(home.glob(".*.part")):
            name, _, process = path.name[1:].removesuffix(".part").rpartition(".")
            ended = name in names and process.isdigit() and not _runs(int(process))
            if ended or path in parts:
                _remove(path)
        yield parts
        _sync(home)
    except OSError as fault:
        if fault.errno in FULL:
            raise StorageFullError(
                f"{home / names[0]} could not be written ({fault}); what was there before is intact."
            ) from fault
        raise
    finally:
        for part in parts:
            _remove(part)


def _runs(process: int) -> bool:
    if os.name == "nt":
        return True  # to ask there is to send Ctrl-C
    try:
        os.kill(process, 0)  # asks, and sends nothing
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # it has no handle there
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---------------------------------------------------------------------------------------------- checksums
def sha256(path: Path) -> str:
    """Hash a file, as a hexadecimal number."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


MADE_OF = "made_of"
"""Key of the origin in a description, with a checksum of its own: equal content is equal, whatever its origin."""


def checksum(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a description without its `checksum` and `made_of`, in any order and layout."""
    text = canonical({key: value for key, value in data.items() if key not in ("checksum", MADE_OF)})
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(data: Mapping[str, Any], *, sort_keys: bool = False) -> bytes:
    """Return a description as JSON, an entry a line, with its `checksum`; refuse what is not plain JSON."""
    try:
        seals = {MADE_OF: _with_checksum(data[MADE_OF])} if MADE_OF in data else {}
        text = json.dumps(_with_checksum({**data, **seals}), indent=1, sort_keys=sort_keys, allow_nan=False)
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(f"What is saved must be plain JSON without NaN: {fault}.") from fault
    return f"{text}\n".encode()


def _with_checksum(data: Mapping[str, Any]) -> dict[str, Any]:
    return {**data, "checksum": checksum(data)}


def check_seal(data: Mapping[str, Any]) -> None:
    """Refuse a description that differs from the output of `sealed`: a checksum is missing or another."""
    of = data.get(MADE_OF, {"checksum": checksum({})})
    for part, where in ((data, "`checksum`"), (of, f"`checksum` of `{MADE_OF}`")):
        if part.get("checksum") != checksum(part):
            raise InvalidValueError(f"{where} must be {checksum(part)}, got {part.get('checksum')!r}.")
