"""Earlier tasks: their tables as `Evaluations`, and the statistics that normalise scores."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Mask
from hpo_gym.problem.earlier import Evaluations, OnRequest
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Status


@dataclass(frozen=True)
class Scale:
    """Statistics of the meta-train tasks: the only permitted normalisation.

    Attributes:
        mean, sd: Of the scores of all measured successes, with equal weight per task.
        cost: Mean cost of a full evaluation.
        meta_names: Meta-features, in the order of `meta_mean` and `meta_sd`, each ``(p,)``, of their `signed_log`.
        floor: Score of a failure before the first success of its run: see `floor_for`.
    """

    mean: float = 0.0
    sd: float = 1.0
    cost: float = 1.0
    meta_names: tuple[str, ...] = ()
    meta_mean: tuple[float, ...] = ()
    meta_sd: tuple[float, ...] = ()
    floor: float = 0.0


_KNOWN = ("meta_names", "meta_mean", "meta_sd", "floor")


class ScaleOnRequest(Scale):
    """The scale of live tasks: their evaluations begin when somebody reads `mean`, `sd` or `cost`; `floor` is known."""

    _prior: tuple[Evaluations, ...]

    def __init__(self, prior: tuple[Evaluations, ...], plain: Scale) -> None:
        self.__dict__.update(_prior=prior, **{name: getattr(plain, name) for name in _KNOWN})

    @functools.cached_property
    def _scored(self) -> tuple[float, float, float]:
        return score_scale(self._prior)

    mean = property(lambda self: self._scored[0])
    sd = property(lambda self: self._scored[1])
    cost = property(lambda self: self._scored[2])
    __eq__, __hash__, __repr__ = object.__eq__, object.__hash__, object.__repr__


def evaluations(tasks: Sequence[Task]) -> tuple[Evaluations, ...]:
    """Return the tables of tasks, as an optimizer's prior; of a task without one, `Task.prior_evaluations` points.

    Tasks without any are left out. Live ones are evaluated when a value is read (`OnRequest`).
    """
    return tuple(e for e in (t.remembered() for t in tasks) if len(e.x))


def scale_of(tasks: Sequence[Task], failed: float | None = None) -> Scale:
    """Return mean and standard deviation of scores, mean cost, and statistics of meta-features of some tasks.

    For tasks without stored evaluations, `Task.score_scale` replaces them.

    Args:
        failed: `Task.failed` where there is no task.
    """
    if not tasks:
        return Scale(floor=failed or 0.0)
    prior, own = evaluations(tasks), tasks[0].score_scale
    if not prior and own is not None:
        return Scale(own.mean, own.sd, floor=own.floor)
    names = tuple(sorted({n for t in tasks for n, v in t.meta_features.items() if v is not None}))
    known = [[float(v) for t in tasks if (v := t.meta_features.get(n)) is not None] for n in names]
    raw = [signed_log(np.array(values)) for values in known]
    sds = tuple(float(np.std(r)) or 1.0 for r in raw)
    meta, floor = (names, tuple(float(np.mean(r)) for r in raw), sds), floor_for(tasks[0], prior)
    if any(isinstance(e, OnRequest) for e in prior):
        return ScaleOnRequest(prior, Scale(0.0, 1.0, 1.0, *meta, floor))
    return Scale(*score_scale(prior), *meta, floor)


def score_scale(prior: Sequence[Evaluations]) -> tuple[float, float, float]:
    """Mean and standard deviation of the scores of earlier tasks, each task counted alike, and their mean cost.

    They are 0, 1, 1 where no earlier task has a success.
    """
    prior = [e for e in prior if successes(e).any()]
    if not prior:
        return 0.0, 1.0, 1.0
    means, squares, costs = [], [], []
    for e in prior:
        good = successes(e)
        means.append(e.score[good].mean())
        squares.append((e.score[good] ** 2).mean())
        costs.append(e.cost[good].mean())
    mean = float(np.mean(means))
    variance = float(np.mean(squares)) - mean**2
    cost = float(np.mean(costs))
    return mean, float(np.sqrt(variance)) if variance > 1e-18 * (1 + mean**2) else 1.0, cost if cost > 0 else 1.0


def floor_for(task: Task, prior: Sequence[Evaluations]) -> float:
    """Return the score of a failure before any success of its run: as the task states it, else by earlier tasks."""
    return floor_of(tuple(prior)) if task.failed is None else task.failed


@functools.lru_cache(maxsize=32)
def floor_of(prior: tuple[Evaluations, ...]) -> float:
    """Return the mean over earlier tasks of their lowest success at full fidelity; 0 if there is none.

    Results of live tasks do not count: the floor must not cost evaluations, nor depend on requests.
    """
    stored = (e for e in prior if not isinstance(e, OnRequest))
    lowest = [e.score[good].min() for e in stored if (good := successes(e)).any()]
    return float(np.mean(lowest)) if lowest else 0.0


def successes(e: Evaluations) -> Mask:
    """Return the points of a task that were evaluated without failure, ``(m,)``."""
    return np.asarray(np.isfinite(e.score) & (e.status == Status.OK))


def known(space: SearchSpace, prior: Sequence[Evaluations]) -> tuple[Evaluations, ...]:
    """Return the earlier tasks with a success and with as many columns as the space."""
    return tuple(e for e in prior if e.x.shape[1] == space.d and successes(e).any())


def signed_log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compress magnitudes: ``sign(x) log(1 + |x|)``."""
    return np.asarray(np.sign(x) * np.log1p(np.abs(x)))
