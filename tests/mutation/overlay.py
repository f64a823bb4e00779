"""A package as a tree of links to its files, in which one file can be replaced by its mutant."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


class Overlay:
    """Links in `folder` to the files of `packages` under `root`; the source tree itself is never written to.

    With `folder` first on the path of modules, a child process that a test starts meets the mutant as well.
    """

    def __init__(self, folder: Path, root: Path, packages: set[str]) -> None:
        self.folder, self.root = folder, root
        self._times = count(1_000_000_000)
        for package in packages:
            copy = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / package, folder / package, copy_function=os.symlink, ignore=copy)

    @contextmanager
    def replaced(self, file: str, text: str) -> Iterator[None]:
        """Let `file` read `text`."""
        path = self.folder / file
        path.unlink()
        path.write_text(text, encoding="utf-8")
        time = next(self._times)  # compiled code is found by time and size: each mutant has a time of its own
        os.utime(path, (time, time))
        try:
            yield
        finally:
            path.unlink()
            path.symlink_to(self.root / file)
