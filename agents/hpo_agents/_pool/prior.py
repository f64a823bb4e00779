"""`PoolPrior`: earlier tasks at the rows of a pool, for policies over many runs at once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_baselines._transfer.surrogate import foretold
from hpo_gym.base import Mask, Singles
from hpo_gym.problem import Evaluations, Points, Scale, SearchSpace
from hpo_gym.system import one_blas_thread

BOUND = 5.0  # standard deviations of meta-train


@dataclass(frozen=True, eq=False)
class PoolPrior:
    """Earlier tasks at the points of one pool.

    Attributes:
        x: The pool, ``(m, d)``.
        y: Their scores in standard deviations of meta-train, at most `BOUND` from its mean, ``(k, m)``; 0 where a row
            is not known.
        known: Where it is, ``(k, m)``; None: everywhere.
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
        """Return the lowest score of each task, ``(k,)``; 0 if nothing was measured."""
        y = self.y if self.known is None else np.where(self.known, self.y, np.inf)
        low = y.min(1, initial=np.inf)
        return np.asarray(np.where(np.isfinite(low), low, 0.0), np.float32)

    @functools.cached_property
    def spread(self) -> Singles:
        """Highest less lowest score of each task, ``(k,)``; a thousandth where they are (nearly) the same."""
        y = self.y if self.known is None else np.where(self.known, self.y, -np.inf)
        return np.asarray(np.maximum(y.max(1, initial=-np.inf) - self.lowest, 1e-3), np.float32)

    @classmethod
    @one_blas_thread()
    def of(cls, prior: Sequence[Evaluations], x: Points, scale: Scale, space: SearchSpace) -> PoolPrior:
        """Return the prior from known tasks: tasks on this pool as measured, with gaps; others by their `Surrogate`,
        defined on every row.
        """
        points = x if all(_stands_on(e, x) for e in prior) else space.snap(x)
        rest = iter(foretold(space, [e for e in prior if not _stands_on(e, x)], points))
        rows = [e.score if _stands_on(e, x) else next(rest) for e in prior]
        raw = np.array(rows).reshape(len(prior), len(x))
        y = np.clip((raw - scale.mean) / scale.sd, -BOUND, BOUND)
        known = np.isfinite(y)
        families = tuple(e.family for e in prior)
        return cls(x, np.where(known, y, 0.0).astype(np.float32), None if known.all() else known, families, scale)

    def rescaled(self, scale: Scale) -> PoolPrior:
        """Return the same for scores of another scale."""
        return PoolPrior(self.x, self.y, self.known, self.families, scale)

    def with_row(self, x: Points) -> PoolPrior:
        """Return the prior with one more row, unknown to all earlier tasks."""
        k, m = len(self.families), len(self.x)
        known = np.ones((k, m), bool) if self.known is None else self.known
        more, y = np.zeros((k, 1), bool), np.zeros((k, 1), np.float32)
        both = (np.concatenate([known, more], 1), np.concatenate([self.y, y], 1))
        return PoolPrior(np.concatenate([self.x, x[None]]), both[1], both[0], self.families, self.scale)

    def without(self, families: Sequence[str]) -> Mask:
        """Return the earlier tasks outside each run's own family, ``(n, k)``."""
        own = np.array(self.families, object)
        return np.array([own != f for f in families], bool).reshape(len(families), len(own))


def _stands_on(e: Evaluations, x: Points) -> bool:
    return e.x is x or (e.x.shape == x.shape and np.array_equal(e.x, x))
