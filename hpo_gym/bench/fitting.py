"""Which optimizers cannot run on which suites: refused before a comparison begins, with what would fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hpo_gym.base import InvalidValueError
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.report.words import joined
from hpo_gym.optimize import check_fits, make_optimizer
from hpo_gym.problem import SUITES, Task
from hpo_gym.suites import load_suite


@dataclass(frozen=True)
class Misfit:
    """An optimizer that cannot run on a suite, one of its tasks there, and the reason."""

    entrant: Entrant
    suite: str
    task: Task
    why: str


def misfits(entrants: Iterable[Entrant], tasks: Mapping[str, Iterable[Task]]) -> list[Misfit]:
    """Return the optimizers that cannot run on a suite, given the tasks by suite: of each the first task and reason."""
    kinds = {suite: _kinds(of) for suite, of in tasks.items()}
    found = []
    for entrant in (e for e in entrants if not e.reference):
        optimizer = entrant.make()
        for suite, of in kinds.items():
            whys = ((task, why) for task in of if (why := _why_not(optimizer, task)))
            found += [Misfit(entrant, suite, *first) for first in [next(whys, None)] if first is not None]
    return found


def refuse(found: Sequence[Misfit], others: Iterable[str]) -> None:
    """Refuse a comparison with misfits, by name.

    Args:
        others: Names of optimizers; those that would fit are offered.

    Raises:
        InvalidValueError: There is one.
    """
    if not found:
        return
    first = found[0]
    names = joined([repr(one.entrant.name) for one in found if one.suite == first.suite], 12)
    optimizer = first.entrant.make()
    suites = [n for n in SUITES.names() if all(not _why_not(optimizer, t) for t in _kinds(load_suite(n).members))]
    instead = [name for name in others if not _why_not(make_optimizer(name), first.task)]
    said = f"`optimizers` must be able to run on {first.suite!r}, {names} cannot. {first.why}"
    said += f" {first.entrant.name!r} runs on {joined(suites)};" if suites else ""
    raise InvalidValueError(f"{said} on {first.suite!r} run {joined(instead)}.")


def _kinds(tasks: Iterable[Task]) -> list[Task]:
    """Return one task of each space, with a pool and without."""
    return list({(task.space, task.pool is None): task for task in tasks}.values())


def _why_not(optimizer: object, task: Task) -> str:
    """Return the reason why an optimizer cannot run on a task; "" if it can."""
    try:
        check_fits(optimizer, task)
    except InvalidValueError as fault:
        return str(fault)
    return ""
