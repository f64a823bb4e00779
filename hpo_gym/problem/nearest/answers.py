"""A file of the rows that answer those that a table lacks, found once, with the table."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError, Ints, Mask, blame, canonical
from hpo_gym.problem.space import SearchSpace

ANSWERS = "answers.npz"


def digest_of(space: SearchSpace, x: NDArray[Any], measured: Mask) -> NDArray[np.uint8]:
    """Return the SHA-256 of all that decides which row answers."""
    out = hashlib.sha256(canonical([space.to_json(units=False), x.dtype.str, x.shape, measured.shape]).encode())
    out.update(np.ascontiguousarray(x, x.dtype.newbyteorder("<")).data)
    out.update(np.packbits(measured).data)
    return np.frombuffer(out.digest(), np.uint8)


def answers_of(space: SearchSpace, x: NDArray[Any], measured: Mask, rows: Ints) -> dict[str, NDArray[Any]]:
    """Return the arrays of the file: the digest of the table, and the answers of its gaps, in the table's order."""
    return {"table": digest_of(space, x, measured), "rows": rows.astype(np.min_scalar_type(x.shape[-2]))}


def read_answers(path: Path, space: SearchSpace, x: NDArray[Any], measured: Mask) -> NDArray[Any] | None:
    """Return the answers of all gaps, in the order of the flat table; None if the file is of another table.

    Raises:
        DamagedDataError: The file is damaged, or names a row that its task lacks.
    """
    with blame(path), zipfile.ZipFile(path) as archive, archive.open("table.npy") as table:
        if not np.array_equal(np.lib.format.read_array(table), digest_of(space, x, measured)):
            return None
        with archive.open("rows.npy") as file:
            rows = np.asarray(np.lib.format.read_array(file))
    task = (~measured).nonzero()[0]
    if rows.shape != task.shape or rows.dtype.kind not in "iu" or not _answer(rows, task, measured):
        raise DamagedDataError(f"{path.name!r} must name a measured row for each of the {len(task):,} gaps.")
    return rows


def _answer(rows: NDArray[Any], task: Ints, measured: Mask) -> bool:
    """Return whether each row is one that its task has."""
    return bool(((rows >= 0) & (rows < measured.shape[1])).all() and measured[task, rows].all())
