"""Pages that are made during the build: written where they differ, so that a second build reads what changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_pages(folder: Path, pages: Mapping[str, bytes]) -> None:
    """Make a folder hold these pages and no others.

    Args:
        folder: Created where there is none; its name is in `.gitignore`.
        pages: The contents by file name.
    """
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, content in pages.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
