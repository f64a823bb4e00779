"""A policy in one file: a zip of files, stored uncompressed and read by known names; none is unpacked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from hpo_gym.base import blame
from hpo_gym.system import expect, write_files

PACKED = ".hpo"


def is_packed(path: Path) -> bool:
    """Return whether a path is that of a packed policy, a file."""
    return path.suffix == PACKED and path.is_file()


def write_packed(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a packed policy; equal files give equal bytes. Raises `StorageFullError` as `write_files`."""
    write_files(path.parent, {path.name: _zipped(files)})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)  # dated 1980
            info.create_system, info.external_attr = 3, 0o644 << 16  # as on Linux, wherever it is written
            archive.writestr(info, files[name])
    return stream.getvalue()


def read_packed(path: Path, most: Mapping[str, int]) -> dict[str, bytes]:
    """Return the files in a packed policy by name; raise `DamagedDataError` where it is no zip, or a file in it was
    changed, is none of `most`, larger than its number of bytes there, double or compressed, or where other bytes are in
    it than `write_packed` writes for these files."""
    with blame(path), path.open("rb") as file:
        file.seek(max(path.stat().st_size - 42, 0))
        tail = file.read(42)  # the end of a directory of few bytes, without Zip64, so that reading it is short
        short = tail[20:24] == b"PK\5\6" and tail[34:36] == tail[40:] == b"\0\0" and tail[:4] != b"PK\6\7"
        expect(short, "it must be a zip of few files, without a comment")
        with zipfile.ZipFile(file) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            known = infos.keys() <= most.keys() and len(infos) == len(archive.infolist())
            expect(known, f"it must hold files of {[*most]}, each once, got {str([*infos])[:200]}")
            for name, info in infos.items():
                plain = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
                expect(plain, f"{name} must be stored, not compressed")
                expect(info.file_size <= most[name], f"{name} must have at most {most[name]} bytes")
            files = {name: archive.read(name) for name in infos}
        file.seek(0)
        expect(file.read() == _zipped(files), "it must be a zip as `hpo-gym pack` writes it, to the byte")
        return files
