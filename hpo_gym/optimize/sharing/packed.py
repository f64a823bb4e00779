"""A policy in one file: the files of a trained optimizer and a model card as a zip, stored uncompressed.

Files are read from the zip by their names, which are known: nothing is unpacked to a disk, and no name becomes a path.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from hpo_gym.base import blame
from hpo_gym.system import expect, write_files

PACKED = ".hpo"
"""End of the name of a packed policy."""


def is_packed(path: Path) -> bool:
    """Return whether a path is that of a packed policy, a file."""
    return path.suffix == PACKED and path.is_file()


def write_packed(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a packed policy; equal files give equal bytes. Raises `StorageFullError` as `write_files`."""
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)  # dated 1980
            info.create_system, info.external_attr = 3, 0o644 << 16  # as on Linux, wherever it is written
            archive.writestr(info, files[name])
    write_files(path.parent, {path.name: stream.getvalue()})


def read_packed(path: Path, most: Mapping[str, int]) -> dict[str, bytes]:
    """Return the files in a packed policy by name; raise `DamagedDataError` where it is no zip, or a file in it was
    changed, is none of `most`, larger than its number of bytes there, double or compressed."""
    limit = sum(most.values()) + (1 << 16)  # with room for the zip's own
    with blame(path):
        expect(path.stat().st_size <= limit, f"a packed policy must have at most {limit} bytes")
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            known = set(names) <= set(most) and len(set(names)) == len(names)
            expect(known, f"it must hold files of {[*most]}, each once, got {str(names)[:200]}")
            for name, info in zip(names, infos, strict=True):
                plain = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
                expect(plain, f"{name} must be stored, not compressed")
                expect(info.file_size <= most[name], f"{name} must have at most {most[name]} bytes")
            return {name: archive.read(name) for name in names}
