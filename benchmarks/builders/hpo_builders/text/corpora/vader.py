"""Ratings of sentiment by people, from the archive inside vaderSentiment: films, products, tweets, editorials."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from hpo_builders.data_sets.sources import Table
from hpo_gym.base import DamagedDataError

INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"

CLEAR = 0.5
"""A mean rating, in [-4, 4], of less than this magnitude is neither positive nor negative."""


def read(path: str, archive: Path) -> Table:
    """`path` is the name of a file without "_GroundTruth.txt"; columns: id, rating, text, and sentiment.

    `sentiment` is "negative", "neutral" or "positive".
    """
    with tarfile.open(archive) as outer, tarfile.open(fileobj=io.BytesIO(_member(outer, INNER))) as inner:
        text = _member(inner, f"hutto_ICWSM_2014/{path}_GroundTruth.txt").decode("utf-8-sig", "replace")
    rows = [line.split("\t", 2) for line in text.split("\n") if line.strip()]
    if odd := {len(row) for row in rows} - {3}:
        raise DamagedDataError(f"Rows must have 3 cells, got {sorted(odd)}.")
    table = {name: [row[i].strip() for row in rows] for i, name in enumerate(("id", "rating", "text"))}
    return {**table, "sentiment": [sentiment(float(r)) for r in table["rating"]]}


def sentiment(rating: float) -> str:
    """In words; a rating below `CLEAR` is neutral."""
    return "neutral" if abs(rating) < CLEAR else "positive" if rating > 0 else "negative"


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    assert found is not None
    return found.read()
