"""Workers of a build: trials under guard, or the jobs of another engine.

Under guard one process trains several parts, so that what libraries do at first and the reading of data are paid for
once. A part that is lost by what may be the fault of those before it is tried anew in a process of its own.
"""

from __future__ import annotations

import importlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hpo_builders.order import Order
from hpo_builders.training.cells import LOST, MEMORY, Part, perform, perform_within_limits, train
from hpo_gym.base import StateError
from hpo_gym.problem import SearchSpace, Status
from hpo_gym.system import Asked, Guards, GuardStep, Job, Limits, Verdict, check_engine, run, usable_cores

Run = Callable[[Sequence[Part], float, int], Iterator[tuple[Part, str | None]]]
"""Trains parts of one recipe; from these, the seconds that each may take, and how often one that dies is tried again,
to each part as it ends, with None, or the reason why it was lost, one of `LOST`."""

TOGETHER = 16
"""Parts that one process trains at most."""

_REASONS = {Status.CRASHED: "crashed", Status.TIMEOUT: "timeout", Status.MEMORYOUT: "memory"}


@contextmanager
def workers(order: Order, first: Part) -> Iterator[Run]:
    """Hand out who trains the parts of a build, `first` among them; at the end no worker is left.

    What is handed out raises `StateError` where a recipe raised what it may not.

    Raises:
        UnknownNameError: No such engine.
        InvalidValueError: `order.workers` is below 1.
    """
    check_engine(order.engine, order.workers)
    if order.engine != "process":
        yield lambda parts, seconds, retries: _by_engine(order, parts, retries)
        return
    guards, objective = Guards(order.workers or usable_cores()), _Training(first)
    try:
        yield lambda parts, seconds, retries: _under_guard(guards, objective, parts, seconds, retries)
    finally:
        guards.close()


def _by_engine(order: Order, parts: Sequence[Part], retries: int) -> Iterator[tuple[Part, str | None]]:
    function = perform if order.engine == "serial" else perform_within_limits
    by_key = {p.key: p for p in parts}
    jobs = [Job(key, function, (p,)) for key, p in by_key.items()]
    for out in run(jobs, engine=order.engine, workers=order.workers, retries=retries):
        if out.status == "failed":
            raise _fault(by_key[out.key], str(out.error))
        yield by_key[out.key], LOST.get(str(out.value or out.status))


# ---------------------------------------------------------------------- under guard
@dataclass(frozen=True, eq=False)
class _Training:
    """The objective of guards: trains parts one after another, leaves their shards, and tells each as a step.

    Attributes:
        first: Any part of the build; a trial says by which task, rows and seed each of its own differs.
    """

    first: Part

    def prepare(self) -> None:
        """Import what parts need; nothing is computed, since threads of a library would not outlive a fork."""
        recipe, material = self.first.recipe, self.first.recipe.material
        for name in (*material.modules, *recipe.modules):
            importlib.import_module(name)
        SearchSpace(recipe.space())
        material.entry(self.first.task)

    def __call__(self, config: Mapping[str, Any]) -> Iterator[tuple[int, float]]:
        for i, (task, rows, seed) in enumerate(config["parts"]):
            try:
                train(replace(self.first, task=task, rows=tuple(rows), seed=seed))
            except TimeoutError as fault:  # no limit of ours
                raise StateError(f"A recipe must not raise it: {fault}") from fault
            yield i, 0.0


def _under_guard(
    guards: Guards, objective: _Training, parts: Sequence[Part], seconds: float, retries: int
) -> Iterator[tuple[Part, str | None]]:
    limits, deaths = Limits(seconds, MEMORY, per_step=True), Counter[str]()
    alone, together = (list(parts), []) if retries else ([], list(parts))  # what may die is tried apart from others
    while alone or together:
        groups = [[part] for part in alone] + _groups(together, guards.n_jobs)
        left, alone, together = [deque(group) for group in groups], [], []
        for i, news in guards.events([_asked(objective, group, limits) for group in groups]):
            if isinstance(news, GuardStep):
                yield left[i].popleft(), None
            elif left[i]:
                part, died = left[i].popleft(), news.status is Status.CRASHED
                together += left[i]
                if (died or news.status is Status.MEMORYOUT) and part is not groups[i][0]:
                    alone.append(part)
                    continue
                deaths[part.key] += died
                if died and deaths[part.key] <= retries:
                    alone.append(part)
                else:
                    yield part, _reason(part, news)


def _groups(parts: Sequence[Part], n_jobs: int) -> list[list[Part]]:
    """Parts that share a process: fewer towards the end, so that all workers end at about the same time."""
    groups, start = [], 0
    while start < len(parts):
        size = max(1, min(TOGETHER, (len(parts) - start) // (2 * n_jobs)))
        groups.append(list(parts[start : start + size]))
        start += size
    return groups


def _asked(objective: _Training, parts: Sequence[Part], limits: Limits) -> Asked:
    return Asked(objective, {"parts": [[p.task, list(p.rows), p.seed] for p in parts]}, limits=limits)


def _reason(part: Part, verdict: Verdict) -> str | None:
    """Why a part was lost, if it was."""
    if verdict.status is Status.OK:
        return None
    if verdict.status not in _REASONS:
        raise _fault(part, f"{verdict.measured.reason}\n{verdict.output}")
    return LOST[_REASONS[verdict.status]]


def _fault(part: Part, reported: str) -> StateError:
    return StateError(f"Training of {part.key} must end by itself, it raised: {reported}")
