"""Earlier tasks as hypotheses: tasks with the same order of trials as the run predict its improvements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask, Singles
from hpo_gym.optimize.transfer.pool_prior import PoolPrior

TEMPERATURE = 0.08  # share of discordant pairs that lowers a task's weight to 1 / e
_LEAST = 1e-9  # sum of the weights of a run that may know none of the tasks; pairs of a run without any
_FLOOR = 1e-4  # added to the expected improvement, so that it can lower a candidate's value but not rule it out


def order_weights(
    scores: NDArray[np.floating], y: NDArray[np.floating], *, known: Mask | None = None, may: Mask | None = None,
    pairs: float = 0.0, temperature: float = TEMPERATURE,
) -> NDArray[np.floating]:  # fmt: skip
    """Return weights of earlier tasks for each run, ``(n, k)``, with a sum of 1, in the type of `scores`.

    A task has the weight ``exp(-share / temperature)``; `share` is its share of discordant pairs of trials; a tie is an
    order of its own. Without a pair, all tasks count alike.

    Args:
        scores: Of the tasks at the trials, ``(n, k, t)``.
        y: Of the trials, ``(n, t)``.
        known: Mask of known scores, ``(n, k, t)``, and so of the pairs that count; None: all.
        may: Tasks that a run may know, ``(n, k)``; the others have no weight. None: all.
        pairs: Number of additional pairs, half of them discordant, so that a task with few known scores is not certain.
    """
    n, k, t = scores.shape
    count, wrong = np.full((n, k), pairs, scores.dtype), np.full((n, k), pairs / 2, scores.dtype)
    for i in range(1, t):
        order, mine = scores[:, :, i, None] - scores[:, :, :i], y[:, None, i, None] - y[:, None, :i]
        both = np.ones(order.shape, bool) if known is None else known[:, :, i, None] & known[:, :, :i]
        count += both.sum(2)
        wrong += (both & (np.sign(order) != np.sign(mine))).sum(2)
    share = wrong / np.maximum(count, _LEAST)
    share = share if may is None else np.where(may, share, np.inf)
    likely = np.exp((share.min(1, keepdims=True, initial=1.0) - share) / temperature)
    return np.asarray(likely / np.maximum(likely.sum(1, keepdims=True), _LEAST))


class Mixture:
    """Weights of the earlier tasks of `n` runs on a pool, and the expected improvement under them.

    The weights are `order_weights` with one more pair. Improvement is over the task's own best score of the trials, as
    a share of its range.

    **Reference**: the baseline `task-mixture`; discordant pairs as in Wistuba, Schilling and Schmidt-Thieme, "Scalable
    Gaussian process-based transfer surrogates for hyperparameter optimization", Machine Learning 107, 2018.

    Args:
        prior: Earlier tasks.
        weight: 1 for the tasks that a run may know, else 0, ``(n, k)``.
        rows: Rows of the runs' trials ``(n, t)``; any row where there is no trial.
        y: Their scores ``(n, t)``, on the scale of the prior.
        there: Mask of the trials, ``(n, t)``.
    """

    def __init__(self, prior: PoolPrior, weight: Singles, rows: Ints, y: Singles, there: Mask) -> None:
        self.prior = prior
        self.begun: Mask = np.asarray(there.any(1) & (weight.sum(1) > 0))
        scores = prior.y[:, rows].transpose(1, 0, 2)  # (n, k, t)
        known: Mask = np.broadcast_to(there[:, None], scores.shape)
        if prior.known is not None:
            known = np.asarray(known & prior.known[:, rows].transpose(1, 0, 2))
        self.weight = order_weights(scores, y, known=known, may=weight > 0, pairs=1.0)
        best = np.where(known, scores, -np.inf).max(2, initial=-np.inf)
        self.best = np.where(np.isfinite(best), best, prior.lowest).astype(np.float32)

    def log_gain(self, rows: Ints) -> Singles:
        """Logarithm of the expected improvement of candidates, rows ``(n, c)``; 0 for a run without a trial
        or an earlier task."""
        prior = self.prior
        gain = np.maximum(prior.y[:, rows].transpose(1, 0, 2) - self.best[:, :, None], 0.0)
        if prior.known is not None:
            gain *= prior.known[:, rows].transpose(1, 0, 2)
        weight = (self.weight / prior.spread).astype(np.float32)
        found = np.log((weight[:, None] @ gain)[:, 0] + _FLOOR)
        return np.asarray(np.where(self.begun[:, None], found, 0.0), np.float32)
