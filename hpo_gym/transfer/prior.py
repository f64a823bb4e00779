"""What is known of earlier tasks: their tables as `Evaluations`, and the statistics that may be served."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.optimizer import Evaluations
from hpo_gym.space import Points, SearchSpace
from hpo_gym.task import Task
from hpo_gym.trial import Status

Singles = NDArray[np.float32]
Mask = NDArray[np.bool_]

BOUND = 5.0  # standard deviations of meta-train


@dataclass(frozen=True)
class Scale:
    """Statistics of the meta-train tasks: the only scale that may be served.

    Attributes:
        mean, sd: Of the scores of all measured successes, each task counted alike.
        cost: Mean cost of a full evaluation.
        meta_names: Meta-features, in the order of `meta_mean` and `meta_sd`, each ``(p,)``, of their
            `signed_log`.
        floor: What a failure is served before any success of its run: `floor_of` the tasks.
    """

    mean: float = 0.0
    sd: float = 1.0
    cost: float = 1.0
    meta_names: tuple[str, ...] = ()
    meta_mean: tuple[float, ...] = ()
    meta_sd: tuple[float, ...] = ()
    floor: float = 0.0


def evaluations(tasks: Sequence[Task]) -> tuple[Evaluations, ...]:
    """The tables of tasks, as an optimizer's prior; a task without a pool is sampled at 1,000 points by key."""
    return tuple(t.evaluations() for t in tasks)


def scale_of(tasks: Sequence[Task]) -> Scale:
    """Mean and standard deviation of scores, mean cost, and statistics of meta-features of some tasks."""
    if not tasks:
        return Scale()
    prior = evaluations(tasks)
    mean, sd, cost = score_scale(prior)
    names = tuple(sorted({n for t in tasks for n, v in t.meta_features.items() if v is not None}))
    known = [[float(v) for t in tasks if (v := t.meta_features.get(n)) is not None] for n in names]
    raw = [signed_log(np.array(values)) for values in known]
    sds = tuple(float(np.std(r)) or 1.0 for r in raw)
    return Scale(mean, sd, cost, names, tuple(float(np.mean(r)) for r in raw), sds, floor_of(prior))


def score_scale(prior: Sequence[Evaluations]) -> tuple[float, float, float]:
    """Mean and standard deviation of the scores of earlier tasks, each task counted alike, and their mean cost."""
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


@functools.lru_cache(maxsize=32)
def floor_of(prior: tuple[Evaluations, ...]) -> float:
    """The mean over earlier tasks of the lowest score of a success in full; 0 where there is none."""
    lowest = [e.score[good].min() for e in prior if (good := successes(e)).any()]
    return float(np.mean(lowest)) if lowest else 0.0


def successes(e: Evaluations) -> Mask:
    """Which points of a task were evaluated and did not fail, ``(m,)``."""
    return np.asarray(np.isfinite(e.score) & (e.status == Status.OK))


def known(space: SearchSpace, prior: Sequence[Evaluations]) -> tuple[Evaluations, ...]:
    """The earlier tasks with a success, whose points have as many columns as the space."""
    return tuple(e for e in prior if e.x.shape[1] == space.d and successes(e).any())


def shared_points(space: SearchSpace, tasks: Sequence[Evaluations]) -> Points | None:
    """The canonical points that all tasks were measured at, ``(m, d)``; None where they differ."""
    first = tasks[0].x
    if not all(e.x is first or np.array_equal(e.x, first) for e in tasks):
        return None
    return space.snap(first)


def signed_log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compress magnitudes: ``sign(x) log(1 + |x|)``."""
    return np.asarray(np.sign(x) * np.log1p(np.abs(x)))


@dataclass(frozen=True, eq=False)
class PoolPrior:
    """Earlier tasks on one pool.

    Attributes:
        x: The pool, ``(m, d)``.
        y: Their scores in standard deviations of meta-train, at most `BOUND` from its mean, ``(k, m)``; 0 where a row
            was not measured.
        known: Where it was, ``(k, m)``; None: everywhere.
        families: Of the tasks, ``(k,)``.
        scale: Of the scores.
    """

    x: Points
    y: Singles
    known: Mask | None
    families: tuple[str, ...]
    scale: Scale

    @functools.cached_property
    def lowest(self) -> Singles:
        """Of each task, ``(k,)``; 0 where nothing was measured."""
        y = self.y if self.known is None else np.where(self.known, self.y, np.inf)
        low = y.min(1, initial=np.inf)
        return np.asarray(np.where(np.isfinite(low), low, 0.0), np.float32)

    @functools.cached_property
    def spread(self) -> Singles:
        """Highest less lowest score of each task, ``(k,)``; a thousandth where they are (nearly) the same."""
        y = self.y if self.known is None else np.where(self.known, self.y, -np.inf)
        return np.asarray(np.maximum(y.max(1, initial=-np.inf) - self.lowest, 1e-3), np.float32)

    @classmethod
    def of(cls, prior: Sequence[Evaluations], x: Points, scale: Scale) -> PoolPrior:
        """From earlier tasks; those that stand on another pool are left out, with a warning."""
        fitting = [e for e in prior if e.x is x or (e.x.shape == x.shape and np.array_equal(e.x, x))]
        if len(fitting) < len(prior):
            first = next(e.name for e in prior if e not in fitting)
            warnings.warn(
                f"{len(prior) - len(fitting)} of {len(prior)} earlier tasks are left out, such as {first!r}: they were "
                f"not measured at the {len(x)} points of this pool.",
                stacklevel=2,
            )
        raw = np.array([e.score for e in fitting]).reshape(len(fitting), len(x))
        y = np.clip((raw - scale.mean) / scale.sd, -BOUND, BOUND)
        known = np.isfinite(y)
        families = tuple(e.family for e in fitting)
        return cls(x, np.where(known, y, 0.0).astype(np.float32), None if known.all() else known, families, scale)

    def rescaled(self, scale: Scale) -> PoolPrior:
        """The same for scores of another scale."""
        return PoolPrior(self.x, self.y, self.known, self.families, scale)

    def with_row(self, x: Points) -> PoolPrior:
        """One more row, of which the earlier tasks know nothing."""
        k, m = len(self.families), len(self.x)
        known = np.ones((k, m), bool) if self.known is None else self.known
        more, y = np.zeros((k, 1), bool), np.zeros((k, 1), np.float32)
        both = (np.concatenate([known, more], 1), np.concatenate([self.y, y], 1))
        return PoolPrior(np.concatenate([self.x, x[None]]), both[1], both[0], self.families, self.scale)

    def without(self, families: Sequence[str]) -> Mask:
        """Which earlier tasks are strangers to each run, whose own family is given, ``(n, k)``."""
        own = np.array(self.families, object)
        return np.array([own != f for f in families], bool).reshape(len(families), len(own))


@dataclass(frozen=True, eq=False)
class Place:
    """Points ``(c, d)``, and where they stand in a table of earlier tasks.

    Attributes:
        row: Their rows ``(c,)``, or a slice of all; of a point that is no row, the nearest.
        exact: Whether the points are those rows.
    """

    x: Points
    row: NDArray[np.int64] | slice
    exact: bool = True
