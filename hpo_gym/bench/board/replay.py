"""Replay: the scores of an entry's choices on the tasks of its protocol; what cannot have been a run is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError
from hpo_gym.bench.board.entry import Entry, Part
from hpo_gym.bench.board.named import NamedProtocol
from hpo_gym.bench.cells import Arrays, Cell, Made, Work, failed
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.plan import BenchPlan
from hpo_gym.bench.reference.choices import Player, by_space, choices_of, runs_of
from hpo_gym.bench.work import replayed, run_cells
from hpo_gym.optimize import REFUSED, form_of
from hpo_gym.problem import PoolBatch, Suite, batch_of, has_seen
from hpo_gym.system import Record, expect

ANCHORS = ("portfolio", "random", "default")
"""Names of entries that others are compared with: an entry of this name repeats our optimizer's choices."""


def entrant_of(entry: Entry) -> Entrant:
    """Return the optimizer of an entry in a comparison; it cannot run."""
    return Entrant(entry.name, f"entry:{entry.name}")


def records_of(entry: Entry, named: NamedProtocol) -> dict[str, Record]:
    """Replay an entry; return its runs by the key of their cell.

    Raises:
        InvalidValueError: It cannot have been made under the protocol; the message says why.
    """
    entrant = entrant_of(entry)
    plan = named.plan([entrant])
    _check_head(entry, named, plan)
    found = dict[str, Record]()
    for spec, suite in plan.suites.items():
        part, cells = entry.parts[suite.name], plan.cells(spec)
        most = named.protocol.budget.horizon(suite.task(cells[0].task).fidelities)
        runs = _checked(part, suite, cells, most)
        made = _played(Work(entrant, spec, None, named.protocol, tuple(cells)), suite, part, runs)
        records = [plan.record(made[cell], entrant) for cell in cells]
        again = choices_of(suite, cells, records, named.protocol.n_init, exact=True)
        _check_equal(part.choices, again, suite, cells)
        found |= {record.cell: record for record in records}
    return found


def _played(work: Work, suite: Suite, part: Part, runs: Sequence[Arrays]) -> dict[Cell, Made]:
    """Return each run; a failed one has no scores."""
    made = {work.cells[i]: failed(work.cells[i], error) for i, error in part.failed.items()}
    alive = [i for i in range(len(work.cells)) if i not in part.failed]
    for places in by_space(suite, [work.cells[i] for i in alive]):
        some = [alive[i] for i in places]
        cells = tuple(work.cells[i] for i in some)
        player = Player([runs[i] for i in some], suite.task(cells[0].task).space.d)
        group = Work(work.entrant, work.suite_spec, None, work.protocol, cells)
        made |= {one.cell: one for one in replayed(player, suite, group)}
    return made


def check_anchor(entry: Entry, named: NamedProtocol) -> None:
    """Refuse an entry that has the name of an anchor, and other choices than our optimizer of this name makes."""
    if entry.name.casefold() not in ANCHORS:
        return
    expect(entry.name in ANCHORS, f"its name must not be that of an anchor but for case, got {entry.name!r}")
    plan = named.plan([Entrant.of(form_of(entry.name))])
    (entrant,) = plan.entrants
    for spec, suite in plan.suites.items():
        part, cells = entry.parts[suite.name], plan.cells(spec)
        folds = [[c for c in cells if c.fold == fold] for fold in named.protocol.folds]
        made = {m.cell: m for own in folds for m in run_cells(plan.work(spec, entrant, own[0].fold, 0, own))}
        records = [plan.record(made[cell], entrant) for cell in cells]
        ours = choices_of(suite, cells, records, named.protocol.n_init, exact=True)
        same = ours.keys() == part.choices.keys() and all(np.array_equal(a, part.choices[k]) for k, a in ours.items())
        expect(same, f"its name is that of our {entry.name!r}, which chooses otherwise on {suite.name}: choose another")


# ---------------------------------------------------------------------- refusals
def _check_head(entry: Entry, named: NamedProtocol, plan: BenchPlan) -> None:
    """Refuse other data, other suites, and families that the optimizer has seen."""
    expect(entry.protocol == named.name, f"its protocol must be {named.name!r}, got {entry.protocol!r}")
    names = {suite.name for suite in plan.suites.values()}
    expect(set(entry.parts) == names, f"it must have the suites {sorted(names)}, got {sorted(entry.parts)}")
    for suite in plan.suites.values():
        data = entry.parts[suite.name].data
        expect(data == suite.data_hash, f"the data of {suite.name} must have the hash {suite.data_hash}, got {data}")
    expect(entry.hash == named.hash, f"the hash of {named.name} must be {named.hash}, got {entry.hash}")
    for spec, suite in plan.suites.items():
        for task in dict.fromkeys(cell.task for cell in plan.cells(spec)):
            family = suite.task(task).family
            expect(
                not has_seen(entry.card.families, family),
                f"it must not have learned from the family {family!r} of {suite.name}/{task}, which judges it",
            )


def _checked(part: Part, suite: Suite, cells: Sequence[Cell], most: int) -> list[Arrays]:
    """Return the choices of each run, after the checks that need no replay.

    Args:
        most: Trials that the budget of a run can pay for, all at the lowest fidelity.
    """
    where, count, at = f"on {suite.name}", part.choices["count"], part.choices["at"]
    expect(len(count) == len(cells), f"it must have {len(cells)} runs {where}, got {len(count)}")
    task = suite.task(cells[0].task)
    pooled = isinstance(batch_of([task]), PoolBatch)
    trials, wide = int(count.sum(dtype=np.int64)), 1 if pooled else max(t.space.d for t in suite.tasks("test"))
    expect(len(at) == trials * wide, f"`at` {where} must have {trials * wide} numbers for its counts, got {len(at)}")
    expect((at.dtype.kind == "u") == pooled, f"`at` {where} must be {'rows' if pooled else 'points'}, got {at.dtype}")
    expect(
        not (count > most).any(), f"a run {where} has {count.max()} trials, the budget ends after {most} at the latest"
    )
    level, levels = part.choices.get("level"), len(task.fidelities)
    if level is not None:
        expect(len(level) == trials, f"`level` {where} must have {trials} numbers, got {len(level)}")
        expect(not (level >= levels).any(), f"`level` {where} must be below {levels}, got {int(level.max(initial=0))}")
    if (refused := part.choices.get("refused")) is not None:
        expect(len(refused) == trials, f"`refused` {where} must have {trials} numbers, got {len(refused)}")
    for i in part.failed:
        expect(i < len(cells), f"places of failed runs {where} must be below {len(cells)}, got {i}")
        expect(count[i] == 0, f"the failed run {i} {where} must have no choices, got {int(count[i])}")
    runs = runs_of(task, part.choices)
    for i, (cell, run) in enumerate(zip(cells, runs, strict=True)):
        fault = _fault(run["at"], suite, cell)
        expect(not fault, f"run {i} {where} (task {cell.task}, seed {cell.replicate}): {fault}")
    return runs


def _fault(at: NDArray[Any], suite: Suite, cell: Cell) -> str:
    """Say which choice of a run is none of its task; nothing where all are."""
    task = suite.task(cell.task)
    batch = batch_of([task])
    if not isinstance(batch, PoolBatch):
        used, rest = at[:, : task.space.d], at[:, task.space.d :]
        good = ((used >= 0.0) & (used <= 1.0)).all(1) & (rest == 0.0).all(1) | np.isinf(at).all(1)
        t = int(np.argmin(good)) if not good.all() else -1
        return "" if t < 0 else f"choice {t + 1} must be a point of the unit cube, got {at[t].tolist()!s:.80}"
    good = at < batch.m
    good[good] = batch.measured[0, at[good]] | (at[good] == REFUSED)
    t = int(np.argmin(good)) if not good.all() else -1
    return "" if t < 0 else f"choice {t + 1} must be a measured row of {batch.m}, got {int(at[t])}"


def _check_equal(given: Mapping[str, NDArray[Any]], again: Arrays, suite: Suite, cells: Sequence[Cell]) -> None:
    """Refuse choices that a run under the protocol would not have made so: beyond the budget, above all."""
    for i in np.flatnonzero(given["count"] != again["count"]).tolist():
        raise InvalidValueError(
            f"run {i} on {suite.name} (task {cells[i].task}, seed {cells[i].replicate}): the budget ends after "
            f"{int(again['count'][i])} trials, got {int(given['count'][i])}."
        )
    for key in sorted({*given, *again}):
        a, b = given.get(key), again.get(key)
        same = a is not None and b is not None and a.dtype == b.dtype and np.array_equal(a, b)
        expect(same, f"`{key}` on {suite.name} must be in the form of a run: its replay gives other ones")
