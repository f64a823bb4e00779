"""`repair`: a new store with the intact part of a damaged one; the old file stays beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hpo_gym.base import DamagedDataError, StateError
from hpo_gym.system.storage.batches import Record
from hpo_gym.system.storage.store import Store, verify

_TEXTS = ("plan", "made", "study")  # keyed texts of a store besides its cells
_TOGETHER = 128  # cells of a batch


@dataclass(frozen=True)
class Repaired:
    """Result of `repair`.

    Attributes:
        kept: Cells in the new store.
        lost: Unreadable parts, a sentence each.
        damaged: Place of the old file; None if nothing was damaged or done.
    """

    kept: int
    lost: tuple[str, ...]
    damaged: Path | None


Means = Callable[[Mapping[str, str], Path], Callable[[Record], str]]
"""Maps the texts of a store and its path to a check of records: the reason why one is meaningless there, or ""."""


def repair(path: str | Path, means: Means | None = None) -> Repaired:
    """Replace a damaged store by one of all its intact cells; the damaged file is kept as `<name>.damaged`.

    A kill at any time leaves the old store or the new one.

    Args:
        means: Finds intact cells without meaning; by default none is looked for.

    Raises:
        DamagedDataError: Nothing of it can be read.
        StateError: Another process writes to it, or the `.damaged` of an earlier repair is in the way.
    """
    path = Path(path)
    kept, _, lost = _read(path, means)
    if not lost and not verify(path):
        return Repaired(len(kept), (), None)
    aside, new = (path.with_name(path.name + end) for end in (".damaged", ".new"))
    if aside.exists() and not aside.samefile(path):
        raise StateError(f"{aside} is of an earlier repair: look at it and remove it, then repair again.")
    holder = Store(path)
    holder._take_lock()  # until the new store stands
    try:
        kept, texts, lost = _read(path, means)
        _remove(new)
        with Store(new) as store:
            for i in range(0, len(kept), _TOGETHER):
                store.put_many(kept[i : i + _TOGETHER])
            for key, text in texts.items():
                store.meta_set(key, text)
        with suppress(FileExistsError):
            os.link(path, aside)
        new.replace(path)
    finally:
        _remove(new)
        holder.close()
    return Repaired(len(kept), tuple(lost), aside)


def _read(path: Path, means: Means | None) -> tuple[list[Record], dict[str, str], list[str]]:
    """Return the intact cells in the order of writing, the last of a replaced one; texts; and losses."""
    store = Store(path, write=False)
    try:
        store._open()
    except DamagedDataError as fault:
        raise DamagedDataError(f"Nothing can be kept. {fault}") from fault
    with closing(store):
        found, lost = dict[str, Record](), list[str]()
        for record in store.intact(lost):
            found.pop(record.cell, None)
            found[record.cell] = record
        read = {key: store._attempt(f"meta {key!r}", partial(store.meta_get, key), lost) for key in _TEXTS}
    texts = {key: text for key, text in read.items() if text}
    if means is not None:
        why = means(texts, path)
        senseless = {cell: said for cell, record in found.items() if (said := why(record))}
        found = {cell: record for cell, record in found.items() if cell not in senseless}
        lost += senseless.values()
    return list(found.values()), texts, lost


def _remove(path: Path) -> None:
    for end in ("", "-journal", ".lock"):
        Path(f"{path}{end}").unlink(missing_ok=True)
