"""Builds the tables of the suite `Trainings`: rows of real data sets as numbers, to train small networks on.

Each data set of the roster with enough rows becomes a table of classification; a target of numbers is cut at its
quartiles. Data sets in `RESERVED` and their relatives are left out: networks of other libraries are judged on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders import files
from hpo_builders.data_sets import problems, roster, sources
from hpo_builders.data_sets.folds import CLASSIFICATION
from hpo_builders.data_sets.relatives import family
from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import Floats, Ints, seeding
from hpo_gym.problem import split_of
from hpo_gym.suites import little, write_npz

RESERVED = (
    "optdigits", "digits", "penbased", "satimage", "letter", "texture", "spambase", "segment", "vowel", "german",
    "contraceptive", "magic", "phoneme", "credit-data",
)  # fmt: skip
"""Data sets that no table holds, nor one of a relative of theirs."""

ROWS, LEAST_ROWS = 4900, 450
"""Most and fewest rows of a table."""
COLUMNS = 15
"""Most columns of a table; of more, the first principal components stay."""
CLASSES = 10
"""Most classes of a table: the most frequent ones."""

LIMIT, TAIL, CONSTANT = 5.0, 8.0, 0.1
"""The largest standardised value; the mean cube beyond which a column is squeezed; the spread of a column that is
left out as constant once its values are limited."""


@BUILDERS.register("Trainings", kind="rows")
def trainings(order: Order) -> None:
    """Write the tables and their index."""
    folder, arrays, index = order.out / "Trainings", dict[str, NDArray[Any]](), dict[str, Any]()
    for entry in entries():
        data = entry.load(order.archives)
        x, y = table(data)
        if not len(y):
            continue
        arrays |= {f"{entry.name}/x": x, f"{entry.name}/y": y}
        index[entry.name] = {
            "family": entry.family,
            "split": split_of(entry.family),
            "kind": entry.kind,
            "rows": len(y),
            "columns": x.shape[1],
            "classes": int(y.max()) + 1,
            "source": data.source,
            "licence": data.licence,
            "sha256": hashlib.sha256(little(x).tobytes() + little(y).tobytes()).hexdigest(),
        }
    folder.mkdir(parents=True, exist_ok=True)
    with files.locked(folder, wait=True):
        write_npz(folder / "tables.npz", arrays)
        built = {"command": "hpo-gym build Trainings"}
        files.write_json(folder / "index.json", {"format": 1, "built": built, "tables": index})
    files.update_manifest(order.out, (folder / "tables.npz", folder / "index.json"))


def entries() -> Iterator[roster.Entry]:
    """Yield the data sets of the roster that are no relatives of the reserved ones, by name."""
    kept_out = {family(name) for name in RESERVED}
    yield from sorted((e for e in roster.roster() if e.family not in kept_out), key=lambda e: e.name)


def reserved(name: str, archives: Path) -> sources.DataSet:
    """Read a reserved data set."""
    if name == "optdigits":  # not in the roster: its test rows are, as digits
        return sources.read(name, CLASSIFICATION, "keel", "balanced/optdigits", archives=archives)
    return roster.entry(name).load(archives)


def table(data: sources.DataSet) -> tuple[NDArray[np.float16], NDArray[np.int8]]:
    """Return the rows of a table in an order by key, ``(n, p)``, and their classes; none where too few are of use."""
    y, kept = labels(data, CLASSES)
    rng = np.random.default_rng(seeding.key("fits", data.name))
    chosen = rng.permutation(len(kept))[:ROWS]
    if len(chosen) < LEAST_ROWS or len(np.unique(y)) < 2:
        return np.zeros((0, 1), np.float16), np.zeros(0, np.int8)
    x = narrow(features(data, kept[chosen], np.arange(len(chosen))))
    return x.astype(np.float16), y[chosen].astype(np.int8)


def labels(data: sources.DataSet, most: int) -> tuple[Ints, Ints]:
    """Return the classes of rows, from 0, and these rows: the most frequent classes, none of them rare in a table."""
    if data.kind == CLASSIFICATION:
        code = np.unique(data.y, return_inverse=True)[1]
    else:
        code = np.searchsorted(np.unique(np.quantile(data.y, [0.25, 0.5, 0.75])), data.y)
    counts = np.bincount(code)
    frequent = np.argsort(-counts, kind="stable")[:most]
    large = np.sort(frequent[counts[frequent] * min(1.0, ROWS / len(code)) >= problems.MIN_CLASS])
    kept = np.flatnonzero(np.isin(code, large))
    return np.searchsorted(large, code[kept]).astype(np.int64), kept


def features(data: sources.DataSet, rows: Ints, learn: Ints) -> Floats:
    """Return the features of some rows as numbers, each standardised by the rows at the places `learn`.

    Columns with far outliers are squeezed by a logarithm; values are limited to `LIMIT` standard deviations.
    """
    x = problems.encode(data, rows, learn)
    tail = (np.abs(_standardised(x, learn)[learn]) ** 3).mean(0) > TAIL
    x[:, tail] = _squeezed(x[:, tail], learn)
    z = np.clip(_standardised(x, learn), -LIMIT, LIMIT)
    return z[:, z[learn].std(0) > CONSTANT]


def _standardised(x: Floats, learn: Ints) -> Floats:
    return np.asarray((x - x[learn].mean(0)) / x[learn].std(0), np.float64)


def _squeezed(x: Floats, learn: Ints) -> Floats:
    """Return the signed logarithm of columns, in units of their median size, or of the mean one if that is 0."""
    size = np.abs(x[learn])
    unit = np.where(np.median(size, 0) > 0, np.median(size, 0), size.mean(0))
    return np.asarray(np.sign(x) * np.log1p(np.abs(x) / unit), np.float64)


def narrow(x: Floats) -> Floats:
    """Return at most `COLUMNS` columns, of the mean square 1: the first principal components of more."""
    if x.shape[1] > COLUMNS:
        centred = x - x.mean(0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        leading = directions[:, ::-1][:, :COLUMNS]
        leading = leading * np.sign(leading[np.abs(leading).argmax(0), np.arange(COLUMNS)])  # one of two signs
        x = centred @ leading
    return np.asarray(x / np.sqrt((x**2).mean()), np.float64)
