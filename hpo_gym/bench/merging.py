"""`merge`: the stores of several runs of one protocol, joined into one.

The parts may be shards, or comparisons of other optimizers, suites, tasks or seeds. The order of the folders changes no
byte. The new folder is written as a whole or not at all, and the parts are only read.
"""

from __future__ import annotations

import functools
import itertools
import json
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError, canonical
from hpo_gym.bench.origin import KERNELS, MADE, origin_of, several
from hpo_gym.bench.protocol import FAMILIES
from hpo_gym.bench.stored_plan import StoredPlan
from hpo_gym.optimize import joined
from hpo_gym.problem import Suite
from hpo_gym.system import MADE_OF, Progress, Record, Store, store_of, whole_folder

_TOGETHER = 128  # cells of a batch


@dataclass(frozen=True)
class Merged:
    """Result of `merge`.

    Attributes:
        twice: Number of them in several folders.
    """

    cells: int
    twice: int


@dataclass(frozen=True, eq=False)
class _Part:
    """A folder to join: its plan, its suites by their specs, its open store and the hashes of its cells."""

    folder: Path
    plan: StoredPlan
    suites: dict[str, Suite]
    store: Store
    cells: set[str]

    @classmethod
    def of(cls, folder: Path, store: Store) -> _Part:
        plan = StoredPlan.read(store)
        suites, _ = plan.loaded(folder)
        return cls(folder, plan, suites, store, store.cells())


def merge(
    folders: Sequence[str | Path], out: str | Path, *, progress: Progress = lambda done, total, what: None
) -> Merged:
    """Join results into a new folder.

    A cell in several folders must be equal in all, except for measured times; a done one precedes a failed one. Missing
    cells stay missing: `bench --resume` runs them.

    Args:
        folders: Written by `benchmark`, finished or not; of one split, fold, start and budget.
        out: A missing or empty folder.

    Raises:
        InvalidValueError: The folders do not belong together, or a cell differs; nothing is written.
        DamagedDataError: One of them is damaged; nothing is written.
    """
    paths, target = [Path(f) for f in folders], Path(out)
    _check(paths, target)
    with ExitStack() as stack:
        parts = [_Part.of(p, stack.enter_context(Store(p / "store.sqlite", write=False))) for p in paths]
        parts.sort(key=lambda part: part.store.fingerprint())
        plan = _joined(parts)
        every = set().union(*(part.cells for part in parts))
        with whole_folder(target.resolve()) as unfinished:
            for kind in ("suites", "trained"):
                _copy(parts, kind, unfinished / kind)
            with Store(unfinished / "store.sqlite") as store:
                store.meta_set("plan", plan.text())
                made = [text for part in parts if (text := part.store.meta_get(MADE)) is not None]
                if made:
                    last, origins = json.loads(max(made)), [origin_of(part.store) for part in parts]  # by the date
                    both, moves = several(origins, [suite for part in parts for suite in part.suites.values()])
                    if moves:
                        warnings.warn(moves, stacklevel=2)
                    store.meta_set(MADE, json.dumps({**last, KERNELS: both} if both else last))
                known = [json.loads(text) for part in parts if (text := part.store.meta_get(MADE_OF)) is not None]
                if known:
                    store.meta_set(MADE_OF, json.dumps(joined(known)))
                records, done = _records(parts), 0
                while batch := list(itertools.islice(records, _TOGETHER)):
                    store.put_many(batch)
                    done += len(batch)
                    progress(done, len(every), "cells")
    return Merged(len(every), sum(len(p.cells) for p in parts) - len(every))


def _check(folders: Sequence[Path], out: Path) -> None:
    if not folders:
        raise InvalidValueError("`folders` must name at least one folder, got none.")
    for folder in folders:
        store_of(folder)
    places = [folder.resolve() for folder in folders]
    twice = sorted({str(p) for p in places if places.count(p) > 1})
    if twice:
        raise InvalidValueError(f"`folders` must differ, got {twice} more than once.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidValueError(f"`out` must be a new or an empty folder, {out} is none.")


# -- plans -------------------------------------------------------------------------------------------------------------


def _joined(parts: Sequence[_Part]) -> StoredPlan:
    """Return the plan of all: the most tasks and seeds of any, and all optimizers and suites."""
    first = parts[0].plan.protocol.deciding()
    for part in parts[1:]:
        deciding = part.plan.protocol.deciding()
        for setting, a in first.items():
            if (b := deciding[setting]) != a:
                raise _differ(f"`{setting}`", parts[0], a, part, b)
    protocols = [part.plan.protocol for part in parts]
    protocol = replace(protocols[0], seeds=max(p.seeds for p in protocols), tasks=_most([p.tasks for p in protocols]))
    entrants = _united([(part, {e.name: e for e in part.plan.entrants}) for part in parts], "optimizer")
    suites, live = _suites(parts)
    return StoredPlan(protocol, tuple(entrants.values()), suites, live)


def _most(tasks: Sequence[int | str | tuple[str, ...] | None]) -> int | str | tuple[str, ...] | None:
    """Return the widest choice of tasks in some protocols: all, the highest number, or all names."""
    if None in tasks or len(set(tasks)) == 1:
        return tasks[0] if None not in tasks else None
    if FAMILIES in tasks:
        raise InvalidValueError(f"Results to be merged must all have `tasks={FAMILIES!r}` or none, got {[*tasks]}.")
    counts = [count for count in tasks if isinstance(count, int)]
    names = dict.fromkeys(name for some in tasks if isinstance(some, tuple) for name in some)
    if counts and names:
        raise InvalidValueError(
            f"Results to be merged must all name their tasks or all count them, got {max(counts)} and {list(names)}."
        )
    return max(counts) if counts else tuple(sorted(names))


def _suites(parts: Sequence[_Part]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return hashes of all suites by their specs, and the descriptions of live ones; each suite once."""
    hashes, lives, places = [], [], dict[str, str]()
    for part in parts:
        names = {place: s.name for place, s in zip(part.plan.suites, part.suites.values(), strict=True)}
        for place, name in names.items():
            places.setdefault(name, place)
        hashes.append((part, {names[place]: known for place, known in part.plan.suites.items()}))
        lives.append((part, {names[place]: said for place, said in part.plan.live.items()}))
    united, live = _united(hashes, "suite"), _united(lives, "live suite")
    return {places[n]: known for n, known in united.items()}, {places[n]: said for n, said in live.items()}


def _united(found: Sequence[tuple[_Part, dict[str, Any]]], what: str) -> dict[str, Any]:
    """All entries by name, in the order that all folders share, else in that of names; the same name is the same."""
    known: dict[str, tuple[_Part, Any]] = {}
    for part, entries in found:
        for name, value in entries.items():
            first, other = known.setdefault(name, (part, value))
            if other != value:
                raise _differ(f"{what} {name!r}", first, other, part, value)
    orders = {tuple(entries) for _, entries in found}
    names = orders.pop() if len(orders) == 1 else sorted(known)
    return {name: known[name][1] for name in names}


def _differ(what: str, first: _Part, a: object, second: _Part, b: object) -> InvalidValueError:
    (x, p), (y, q) = sorted([(str(first.folder), a), (str(second.folder), b)], key=lambda pair: pair[0])
    return InvalidValueError(f"Results to be merged must share {what}: {x} has {p!r:.300}, {y} has {q!r:.300}.")


# -- cells -------------------------------------------------------------------------------------------------------------


def _records(parts: Sequence[_Part]) -> Iterator[Record]:
    """Yield each cell once, in the order of the folders' writing."""
    for i, part in enumerate(parts):
        for record in part.store.written():
            if not any(record.cell in before.cells for before in parts[:i]):
                yield functools.reduce(_better, _others(parts[i + 1 :], record.cell), (part, record))[1]


def _others(parts: Sequence[_Part], cell: str) -> Iterator[tuple[_Part, Record]]:
    for part in parts:
        record = part.store.get(cell) if cell in part.cells else None
        if record is not None:
            yield part, record


def _better(a: tuple[_Part, Record], b: tuple[_Part, Record]) -> tuple[_Part, Record]:
    """Return the done one of two forms of a cell; of equal ones always the same, whatever their order."""
    one, other = a[1], b[1]
    if one.status != other.status:
        return a if one.status == "done" else b
    if one.status == "done" and (dict(one.identity) != dict(other.identity) or _content(one) != _content(other)):
        first, second = sorted([str(a[0].folder), str(b[0].folder)])
        raise InvalidValueError(
            f"A cell that two folders hold must be equal in both, {one.cell!r} ({_said(one)}) differs in {first} and "
            f"{second}: other versions of code or data, or other kernels of linear algebra, made them."
        )
    return min(a, b, key=lambda pair: canonical([dict(pair[1].measured), pair[1].error]))


def _content(record: Record) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    return {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in record.arrays.items()}


def _said(record: Record) -> str:
    optimizer = record.identity.get("optimizer")
    name = optimizer.get("name") if isinstance(optimizer, dict) else optimizer
    return f"{name} on {record.identity.get('task')}, replicate {record.identity.get('replicate')}"


# -- folders beside the store ------------------------------------------------------------------------------------------


def _copy(parts: Sequence[_Part], kind: str, out: Path) -> None:
    """Copy saved suites, or trained optimizers, each once: of several trainings the first by measured times."""
    marker = {"suites": "suite.json", "trained": "training.json"}[kind]
    found: dict[str, list[tuple[bytes, Path]]] = {}
    for part in parts:
        for path in (part.folder / kind).glob(f"[!.]*/{marker}"):
            found.setdefault(path.parent.name, []).append((path.read_bytes(), path.parent))
    for name, some in sorted(found.items()):
        shutil.copytree(min(some, key=lambda pair: pair[0])[1], out / name)
