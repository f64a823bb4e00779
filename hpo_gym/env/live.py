"""From the keywords of `hpo_gym/Live-v0` to those of any env: objectives as tasks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from hpo_gym.base import InvalidValueError, shown
from hpo_gym.env.keywords import unexpected
from hpo_gym.problem import AnySpace, Suite
from hpo_gym.suites import NAME, live_suite, ready_suite


def live_keywords(
    objective: Callable[..., Any] | None = None,
    space: AnySpace | None = None,
    *,
    suite: Suite | None = None,
    task: str | None = None,
    split: str | None = None,
    loss: bool = False,
    fidelities: Sequence[float] = (1.0,),
    guard: bool = True,
    trial_timeout: float | None = None,
    memory: float | None = None,
    n_jobs: int = 1,
    threads: int = 1,
    cost: str | None = None,
    failed: float | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Return the keywords of an env with the live suite among them.

    Args:
        objective, space, loss, fidelities, failed: One task, as of `live_suite`.
        suite: A suite of live tasks in place of that.
        task: Of the suite; without a suite, of the ready tasks, or a name for the objective.
        split: By default that of `task`; of an objective, "test", without any evaluation beforehand; else "train".
        guard, trial_timeout, memory, n_jobs, threads: As of `live_suite`.
        cost: "fidelity" or "seconds"; by default the seconds of ready tasks, and the fidelity of others.

    Raises:
        InvalidValueError: Arguments that do not go together, or one out of its range.
        UnknownNameError: There is no such task or cost.
        MissingExtraError: A ready task needs an extra that is not installed; the message is the command.
    """
    limits: dict[str, Any] = {"trial_timeout": trial_timeout, "memory": memory, "n_jobs": n_jobs}
    own = {**limits, "threads": threads, "cost": cost, "guard": guard, "loss": loss, "fidelities": tuple(fidelities)}
    own["failed"] = failed
    if task is not None and not isinstance(task, str):
        raise InvalidValueError(f"`task` must be a name, got {shown(task)}.")
    if objective is not None:
        if suite is not None:
            raise InvalidValueError("`objective` and `suite` must not both be given: a suite has its own objectives.")
        if space is None:
            raise InvalidValueError("`space` must be given with an objective, got None.")
        name, split = _name(objective) if task is None else task, "test" if split is None else split
        own["cost"] = "fidelity" if cost is None else cost
        made = live_suite(NAME, space, {name: objective}, splits={split: [name]}, **own)
        return {"suite": made, "task": name, "split": split, **others}
    if space is not None:
        raise InvalidValueError("`space` must be given with an objective; a suite and ready tasks have their own.")
    allowed = () if suite is not None else ("trial_timeout", "memory", "n_jobs", "cost")
    for name, value in own.items():
        if value != _DEFAULTS[name] and name not in allowed:
            whose = "`hpo_gym.live_suite`, which made the suite" if suite is not None else "an objective of your own"
            raise InvalidValueError(f"`{name}` is an argument of {whose}, got {shown(value)}.")
    if suite is None:
        suite = ready_suite(None if task is None else [task], **limits, cost="seconds" if cost is None else cost)
    elif not isinstance(suite, Suite):
        raise InvalidValueError(f"`suite` must be a Suite, such as `hpo_gym.live_suite` makes, got {shown(suite)}.")
    if split is None:
        split = "train" if task is None else suite.split(suite.task(task), others.get("fold")) or "train"
    return {"suite": suite, "task": task, "split": split, **others}


_DEFAULTS = {name: p.default for name, p in inspect.signature(live_keywords).parameters.items()}


def check_keywords(given: Sequence[str], env: Callable[..., Any]) -> None:
    """Refuse keywords that neither a live env nor any env has; the message offers the nearest."""
    known = {*_DEFAULTS, *inspect.signature(env).parameters} - {"self", "others"}
    for name in given:
        if name not in known:
            raise unexpected("the env", name, known)


def _name(objective: Callable[..., Any]) -> str:
    """Return the name of a function, or of the class of another callable."""
    return str(getattr(objective, "__name__", type(objective).__name__))
