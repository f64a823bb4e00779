"""Whether an optimizer can run on a task: known before a run begins."""

from __future__ import annotations

from dataclasses import replace

from hpo_gym.base import InvalidValueError
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.problem import Task

_OF_TABLES = ("transfer", "multi-fidelity")


def check_fits(optimizer: object, task: Task) -> None:
    """Refuse an optimizer that cannot run on a task, by its family and by what its class states: see `fits` of
    `hpo_gym.optimize.protocol.Optimizer`.

    Raises:
        InvalidValueError: It needs what the task lacks; the message says what.
    """
    signals = task.alone.signals
    if signals:
        check_onward(optimizer, task)
    fits = getattr(optimizer, "fits", None)
    if fits is not None:
        fits(replace(Context.of(task, task.budget), signals=dict.fromkeys(signals, 0.0)))


def check_onward(optimizer: object, task: Task) -> None:
    """Refuse an optimizer that needs a table of earlier trials, or fidelities, on tasks of continued trials.

    The control `portfolio`, present in every comparison, has nothing to choose from and draws at random.
    """
    name = OPTIMIZERS.name_of(type(optimizer))
    family = None if name is None else OPTIMIZERS.entries()[name].about.get("family")
    if family in _OF_TABLES and name != "portfolio":
        raise InvalidValueError(
            f"The optimizer {name!r} ({family}) needs trials that are the same whenever they are made; those of "
            f"{task.suite!r} go on from each other."
        )
