"""Who trains the parts of a build: trials under guard, or the jobs of another engine."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hpo_gym.builders.order import Order
from hpo_gym.builders.training.cells import LOST, MEMORY, Part, perform, perform_within_limits, train
from hpo_gym.errors import StateError
from hpo_gym.jobs import engines
from hpo_gym.jobs.guard import Limits, Verdict
from hpo_gym.jobs.guards import Asked, Guards
from hpo_gym.space import SearchSpace
from hpo_gym.trial import Status

Run = Callable[[Sequence[Part], float, int], Iterator[tuple[Part, str | None]]]
"""Trains parts of one recipe; from these, the seconds that each may take, and how often one that dies is tried again,
to each part as it ends, with None, or the reason why it was lost, one of `LOST`."""

_REASONS = {Status.CRASHED: "crashed", Status.TIMEOUT: "timeout", Status.MEMORYOUT: "memory"}


@contextmanager
def workers(order: Order, first: Part) -> Iterator[Run]:
    """Hand out who trains the parts of a build, `first` among them; at the end no worker is left.

    What is handed out raises `StateError` where a recipe raised what it may not.

    Raises:
        UnknownNameError: No such engine.
        InvalidValueError: `order.workers` is below 1.
    """
    engines.check_engine(order.engine, order.workers)
    if order.engine != "process":
        yield lambda parts, seconds, retries: _by_engine(order, parts, retries)
        return
    guards, objective = Guards(order.workers or engines.usable_cores()), _Training(first)
    try:
        yield lambda parts, seconds, retries: _under_guard(guards, objective, parts, seconds, retries)
    finally:
        guards.close()


def _by_engine(order: Order, parts: Sequence[Part], retries: int) -> Iterator[tuple[Part, str | None]]:
    function = perform if order.engine == "serial" else perform_within_limits
    by_key = {p.key: p for p in parts}
    jobs = [engines.Job(key, function, (p,)) for key, p in by_key.items()]
    for out in engines.run(jobs, engine=order.engine, workers=order.workers, retries=retries):
        if out.status == "failed":
            raise _fault(by_key[out.key], str(out.error))
        yield by_key[out.key], LOST.get(str(out.value or out.status))


# ---------------------------------------------------------------------- under guard
@dataclass(frozen=True, eq=False)
class _Training:
    """The objective of guards: trains a part, and leaves its shard.

    Attributes:
        first: Any part of the build; a trial says by which task, rows and seed its own differs.
    """

    first: Part

    def prepare(self) -> None:
        """Import what parts need; nothing is computed, since threads of a library would not outlive a fork."""
        recipe, material = self.first.recipe, self.first.recipe.material
        for name in (*material.modules, *recipe.modules):
            importlib.import_module(name)
        SearchSpace(recipe.space())
        material.entry(self.first.task)

    def __call__(self, config: Mapping[str, Any]) -> float:
        try:
            train(replace(self.first, **{**config, "rows": tuple(config["rows"])}))
        except TimeoutError as fault:  # no limit of ours
            raise StateError(f"A recipe must not raise it: {fault}") from fault
        return 0.0


def _under_guard(
    guards: Guards, objective: _Training, parts: Sequence[Part], seconds: float, retries: int
) -> Iterator[tuple[Part, str | None]]:
    limits, deaths = Limits(seconds, MEMORY), Counter[str]()
    while parts:
        again = []
        for i, verdict in guards.as_completed([_asked(objective, part, limits) for part in parts]):
            part, died = parts[i], verdict.status is Status.CRASHED
            deaths[part.key] += died
            if died and deaths[part.key] <= retries:
                again.append(part)
            else:
                yield part, _reason(part, verdict)
        parts = again


def _asked(objective: _Training, part: Part, limits: Limits) -> Asked:
    return Asked(objective, {"task": part.task, "rows": list(part.rows), "seed": part.seed}, limits=limits)


def _reason(part: Part, verdict: Verdict) -> str | None:
    """Why a part was lost, if it was."""
    if verdict.status is Status.OK:
        return None
    if verdict.status not in _REASONS:
        raise _fault(part, f"{verdict.measured.reason}\n{verdict.output}")
    return LOST[_REASONS[verdict.status]]


def _fault(part: Part, told: str) -> StateError:
    return StateError(f"Training of {part.key} must end by itself, it raised: {told}")
