"""A suite of ready tasks: models that train when a trial asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpo_gym.base import Entry, InvalidValueError, unknown
from hpo_gym.problem import Suite, read_space
from hpo_gym.suites.live import LIVE, hands, identified
from hpo_gym.suites.tasks.function import unit_space
from hpo_gym.suites.tasks.live import COSTS, ObjectiveTask
from hpo_gym.suites.tasks.ready import READY
from hpo_gym.suites.tasks.ready._data import SOURCES

NAME = "Live"


def ready_suite(
    names: Sequence[str] | None = None,
    *,
    trial_timeout: float | None = None,
    memory: float | None = None,
    n_jobs: int = 1,
    cost: str = "seconds",
) -> Suite:
    """Ready tasks as a suite, split by their data sets as every suite is.

    Where their spaces differ, that of the suite is `x0` .. `x{d-1}` in [0, 1], `d` the most columns that one has: a
    point is a configuration of each task, column by column. A trial's configuration has the task's own names.

    Args:
        names: Of ready tasks; None for all.
        trial_timeout, memory, n_jobs, cost: As of `live_suite`; each trial has one thread.

    Raises:
        UnknownNameError: There is no such task, or no such cost.
        MissingExtraError: A task needs an extra that is not installed; the message is the command.
        InvalidValueError: A value out of its range.
    """
    runner, limits = hands(True, trial_timeout, memory, n_jobs, 1)
    if cost not in COSTS:
        raise unknown("cost", cost, COSTS)
    if names is not None and (isinstance(names, str) or not names):
        raise InvalidValueError(f"`names` must hold names of ready tasks, got {names!r}.")
    entries, tasks = READY.entries(), list[ObjectiveTask]()
    for name in entries if names is None else names:
        maker = READY.get(name)
        model, about = maker(str(entries[name].about["data"])), _about(entries[name])
        tasks.append(
            ObjectiveTask(
                name, about.pop("family"), NAME, read_space(model.space()), fidelities=model.fidelities, **about,
                objective=model, cost=cost, runner=runner, limits=limits,
            )
        )  # fmt: skip
    spaces = {t.space for t in tasks}
    space = spaces.pop() if len(spaces) == 1 else unit_space(max(t.space.d for t in tasks))
    about = {
        "title": "Models that really train", "score": "balanced accuracy, R^2 in regression, mean return in control",
        "cost": "wall-clock seconds" if cost == "seconds" else "the fidelity", "unit": "none", "licence": "MIT",
    }  # fmt: skip
    return identified(Suite(NAME, space, tuple(tasks), LIVE, 1, about=about))


def _about(entry: Entry) -> dict[str, Any]:
    data = str(entry.about["data"])
    source = SOURCES.get(data)
    return {"family": data} if source is None else {"family": source.family, "meta_features": source.meta_features}
