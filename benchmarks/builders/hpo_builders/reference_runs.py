"""Reference runs made of finished comparisons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError
from hpo_gym.bench import BenchPlan, Cell, Entrant, Made, Reference, choices_of, families_first, opened
from hpo_gym.optimize import SAVED, UNKNOWN, MadeOf, joined, suite_stamp
from hpo_gym.problem import Suite, batch_of
from hpo_gym.system import MADE_OF, Store

ROUNDING = 1e-4
"""Largest difference between a replay and a run with points in single precision, as a share of best less worst."""


def collect(folders: Iterable[Path], known: Path | None = None) -> list[Reference]:
    """Make reference runs of finished comparisons, with the same tasks, seeds and budget for all of one suite.

    Args:
        folders: Written by `hpo-gym bench`.
        known: A folder of reference runs; it supplies the optimizers that the comparisons lack.

    Raises:
        InvalidValueError: They differ, or a cell is missing.
    """
    parts: dict[str, list[Reference]] = {}
    for folder in folders:
        with opened(Path(folder)) as (plan, store):
            for spec in plan.suites:
                parts.setdefault(plan.suites[spec].name, []).append(_collected(plan, store, spec))
    for suite, some in parts.items():
        if known is not None and (known / f"{suite}.json").is_file():
            some.insert(0, _kept(Reference.read(known / f"{suite}.json"), some))
    return [_joined(some) for some in parts.values()]


def _kept(known: Reference, anew: Sequence[Reference]) -> Reference:
    """Return the known runs that no new ones replace: also other starts of the very same optimizer."""
    fresh = {e.name: e for part in anew for e in part.entrants}
    other = [e.name for e in known.entrants if fresh.get(e.name, e) != e]
    made = {run for part in anew for run in part.choices}
    lost = sorted(run for run in known.choices if run.rpartition("/")[0] in other and run not in made)
    if lost:
        raise InvalidValueError(
            f"Reference runs of {known.suite} must be made anew from each start where an optimizer has another version "
            f"or settings, but there are none for {', '.join(lost)}."
        )
    return _without(known, other)


def _without(reference: Reference, names: Iterable[str]) -> Reference:
    """Return the runs of the others."""
    kept = tuple(e for e in reference.entrants if e.name not in set(names))
    known = {e.name for e in kept}
    gone = {e.spec.removeprefix(SAVED) for e in reference.entrants} - {e.spec.removeprefix(SAVED) for e in kept}
    stamps = {n: stamp for n, stamp in reference.made_of.get("optimizers", {}).items() if n not in gone}
    return replace(
        reference,
        entrants=kept,
        made_of={**reference.made_of, "optimizers": stamps} if reference.made_of else {},
        times={k: v for k, v in reference.times.items() if k in known},
        failures={k: v for k, v in reference.failures.items() if k in known},
        choices={k: v for k, v in reference.choices.items() if k.rpartition("/")[0] in known},
    )


def _collected(plan: BenchPlan, store: Store, spec: str) -> Reference:
    suite, p = plan.suites[spec], plan.protocol
    if p.fold is not None:
        raise InvalidValueError(f"Reference runs must be on the published split, got `fold={p.fold!r}`.")
    if spec in plan.moved:
        raise InvalidValueError(f"Reference runs must be of today's data, got those before {plan.moved[spec]}.")
    if p.budget.in_cost:
        raise InvalidValueError(f"Reference runs must have `budget`, got `{p.budget.keyword}={p.budget.amount:g}`.")
    names = families_first(suite.name, (suite.task(name) for name, _ in plan.tasks[spec]))
    empty = Reference(
        suite.name, suite.data_hash, tuple(names), p.budget.points, p.seeds, p.split, plan.entrants, {}, {}, {}
    )
    times: dict[str, Any] = {}
    failures: dict[str, Any] = {}
    choices: dict[str, Any] = {}
    for entrant in plan.entrants:
        found = [store.get(plan.key(cell, entrant)) for cell in empty.cells()]
        records = [r for r in found if r is not None]
        if len(records) < len(found):
            raise InvalidValueError(f"{plan.folder} must be finished: {entrant.name} misses cells of {suite.name}.")
        broken = {str(i): str(r.error) for i, r in enumerate(records) if r.status != "done"}
        failures[entrant.name] = {p.start: broken} if broken else {}
        times[entrant.name] = {p.start: _times(records, plan.times([], spec, entrant)["train_seconds"])}
        choices[f"{entrant.name}/{p.start}"] = choices_of(suite, empty.cells(), records, p.n_init)
    of = _made_of(plan.entrants, suite, json.loads(store.meta_get(MADE_OF) or "{}"))
    made = replace(empty, times=times, failures=failures, choices=choices, made_of=of)
    for entrant in plan.entrants:
        replay = partial(made.made, suite, spec, entrant, p.start)
        _check(suite, entrant, replay, {c: store.get(plan.key(c, entrant)) for c in empty.cells()})
    return made


def _made_of(entrants: Sequence[Entrant], suite: Suite, known: MadeOf) -> dict[str, Any]:
    """Return the stamps of a suite's runs as recorded by its comparison; of an old one, versions alone."""
    names = [e.spec.removeprefix(SAVED) for e in entrants]
    versions = {name: f"{e.version}@{UNKNOWN}" for name, e in zip(names, entrants, strict=True) if e.word}
    stamps = known.get("optimizers", {})
    return {
        "suites": {suite.name: suite_stamp(suite)},
        "optimizers": dict(sorted({**versions, **{n: stamps[n] for n in names if n in stamps}}.items())),
        "package": known.get("package", UNKNOWN),
    }


def _check(
    suite: Suite, entrant: Entrant, replay: Callable[[list[Cell]], Iterable[Made]], records: Mapping[Cell, Any]
) -> None:
    """Check that a replay equals the run: exactly on a table; elsewhere points are rounded to single precision."""
    done = [cell for cell, record in records.items() if record.status == "done"]
    played = {one.cell: one for one in replay(done)}
    for cell in done:
        task, again = suite.task(cell.task), played[cell]
        first, second = records[cell].arrays["incumbent"], again.arrays["incumbent"]
        with np.errstate(invalid="ignore"):  # -inf before the first success
            apart = np.where(first == second, 0.0, np.abs(first - second))
        near = 0.0 if batch_of([task]).m else ROUNDING * (task.best - task.worst)
        if not (apart <= near).all():
            raise InvalidValueError(
                f"The run of {entrant.name} on {cell.task} must replay, it differs by {apart.max():.2g}."
            )


def _times(records: Sequence[Any], train_seconds: float) -> dict[str, float]:
    measured = [r.measured for r in records if r.status == "done"]
    out = {k: round(float(np.median([m[k] for m in measured])), 4) if measured else 0.0 for k in ("ms_p50", "ms_p95")}
    return {**out, "train_seconds": train_seconds}


def _joined(parts: Sequence[Reference]) -> Reference:
    first = parts[0]
    for part in parts:
        for name in ("data_hash", "tasks", "budget", "seeds", "split"):
            if getattr(part, name) != getattr(first, name):
                raise InvalidValueError(
                    f"Comparisons of {first.suite} must have one `{name}`, got {getattr(first, name)!r} and "
                    f"{getattr(part, name)!r}."
                )
    entrants = {e.name: e for part in parts for e in part.entrants}
    times = {name: {s: t for p in parts for s, t in p.times.get(name, {}).items()} for name in entrants}
    failures = {name: {s: t for p in parts for s, t in p.failures.get(name, {}).items()} for name in entrants}
    choices = {key: value for p in parts for key, value in p.choices.items()}
    of = joined(part.made_of for part in parts)
    return replace(
        first, entrants=tuple(entrants.values()), times=times, failures=failures, choices=choices, made_of=of
    )
