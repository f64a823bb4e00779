"""What is known of earlier tasks: their tables as `Evaluations`, and the statistics that may be served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.optimizer import Evaluations
from hpo_gym.task import Task
from hpo_gym.trial import Status


@dataclass(frozen=True)
class Scale:
    """Statistics of the meta-train tasks: the only scale that may be served.

    Attributes:
        mean, sd: Of the scores of all measured successes, each task counted alike.
        cost: Mean cost of a full evaluation.
        meta_names: Meta-features, in the order of `meta_mean` and `meta_sd`, each ``(p,)``, of their logarithm where
            all are positive.
    """

    mean: float = 0.0
    sd: float = 1.0
    cost: float = 1.0
    meta_names: tuple[str, ...] = ()
    meta_mean: tuple[float, ...] = ()
    meta_sd: tuple[float, ...] = ()


def evaluations(tasks: Sequence[Task]) -> tuple[Evaluations, ...]:
    """The tables of tasks, as an optimizer's prior; a task without a pool is sampled at 1,000 points by key."""
    return tuple(t.evaluations() for t in tasks)


def scale_of(tasks: Sequence[Task]) -> Scale:
    """Mean and standard deviation of scores, mean cost, and statistics of meta-features of some tasks."""
    if not tasks:
        return Scale()
    mean, sd, cost = score_scale(evaluations(tasks))
    names = tuple(sorted({n for t in tasks for n, v in t.meta_features.items() if v is not None}))
    known = [[float(v) for t in tasks if (v := t.meta_features.get(n)) is not None] for n in names]
    raw = [signed_log(np.array(values)) for values in known]
    sds = tuple(float(np.std(r)) or 1.0 for r in raw)
    return Scale(mean, sd, cost, names, tuple(float(np.mean(r)) for r in raw), sds)


def score_scale(prior: Sequence[Evaluations]) -> tuple[float, float, float]:
    """Mean and standard deviation of the scores of earlier tasks, each task counted alike, and their mean cost."""
    means, squares, costs = [], [], []
    for e in prior:
        good = np.isfinite(e.score) & (e.status == Status.OK)
        means.append(e.score[good].mean())
        squares.append((e.score[good] ** 2).mean())
        costs.append(e.cost[good].mean())
    mean = float(np.mean(means))
    variance = float(np.mean(squares)) - mean**2
    cost = float(np.mean(costs))
    return mean, float(np.sqrt(variance)) if variance > 1e-18 * (1 + mean**2) else 1.0, cost if cost > 0 else 1.0


def signed_log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compress magnitudes: ``sign(x) log(1 + |x|)``."""
    return np.asarray(np.sign(x) * np.log1p(np.abs(x)))
