"""Tasks to learn from: who may be learned from together, and their tables as a prior. One rule: no task is its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._maml.tasks import measured_scores
from hpo_gym.errors import InvalidValueError, SplitError, StateError
from hpo_gym.optimizer import Evaluations
from hpo_gym.trial import Status

if TYPE_CHECKING:
    from hpo_gym.task import Task

Prior = tuple[Evaluations, ...]


def families_of(tasks: Sequence[Task], validation: Sequence[Task]) -> frozenset[str]:
    """Families of tasks to train and to validate on.

    Raises:
        InvalidValueError: There is nothing to train on.
        SplitError: A family stands in both.
    """
    if not tasks:
        raise InvalidValueError("At least one task is needed to train on, got none.")
    seen, held = ({t.family for t in part} for part in (tasks, validation))
    if seen & held:
        raise SplitError(f"A family must be trained or validated on, not both, got {sorted(seen & held)}.")
    return frozenset(seen | held)


def untrained(name: str, what: str) -> StateError:
    """The error of an optimizer that was neither trained nor loaded."""
    return StateError(f"{name!r} must be trained or loaded before it is {what}; call `train` or `load`, then `reset`.")


def evaluations_of(tasks: Sequence[Task], rng: np.random.Generator) -> Prior:
    """What is known of tasks: their tables; of a task without a pool, 512 points, the same for all of one space."""
    seed = int(rng.integers(2**63))
    return tuple(_evaluations(task, np.random.default_rng(seed)) for task in tasks)


def priors_without(tables: Prior, rng: np.random.Generator, parts: int) -> list[Prior]:
    """For each task, the tables of the others: those of all families but the ones in its part of `parts`.

    Few parts instead of one for each family, so that what a prior costs is paid a few times.
    """
    families = sorted({e.family for e in tables})
    part = dict(zip(families, (rng.permutation(len(families)) % parts).tolist(), strict=True))
    without = [tuple(e for e in tables if part[e.family] != i) for i in range(parts)]
    return [without[part[e.family]] for e in tables]


def _evaluations(task: Task, rng: np.random.Generator) -> Evaluations:
    x, score, good = measured_scores(task, rng)
    status = np.where(good, Status.OK, Status.FAILED).astype(np.int8)
    if task.pool is not None:
        x = task.pool  # the array that tasks of one pool share
        if task.measured is not None:
            score, status = _whole(task.measured, score, np.nan), _whole(task.measured, status, Status.OK)
    return Evaluations(task.name, task.family, x, score, np.ones(len(x)), status)


def _whole(measured: NDArray[np.bool_], values: NDArray[Any], rest: float) -> NDArray[Any]:
    out = np.full(len(measured), rest, values.dtype)
    out[measured] = values
    return out
