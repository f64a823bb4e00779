"""The earlier tasks of a pool as hypotheses: those that order the trials as the run does say what would improve it."""

from __future__ import annotations

import numpy as np

from hpo_gym.task import Ints
from hpo_gym.transfer.prior import Mask, PoolPrior, Singles

_TEMPERATURE = 0.08  # share of discordant pairs that lowers a task's weight to 1 / e
_LEAST = 1e-9  # sum of the weights of a run that may know none of the tasks
_FLOOR = 1e-4  # added to the expected improvement, so that it can lower a candidate's value but not rule it out


class Mixture:
    """Weights of the earlier tasks of `n` runs, and the improvement that is expected under them.

    A task has the weight ``exp(-share / temperature)``, where `share` is that of the pairs of trials on whose order it
    disagrees with the run, among those of which it knows both (with half a pair more, so that a task that knows few is
    not sure). Improvement is over the task's own best score of the trials, as a share of its range.

    **Reference**: the baseline `task-mixture`; discordant pairs as in Wistuba, Schilling and Schmidt-Thieme, "Scalable
    Gaussian process-based transfer surrogates for hyperparameter optimization", Machine Learning 107, 2018.

    Args:
        prior: Earlier tasks.
        weight: 1 for those that a run may know, else 0, ``(n, k)``.
        rows: Rows of the runs' trials ``(n, t)``; any where there is none.
        y: Their scores ``(n, t)``, on the scale of the prior.
        there: Which are there, ``(n, t)``.
    """

    def __init__(self, prior: PoolPrior, weight: Singles, rows: Ints, y: Singles, there: Mask) -> None:
        self.prior = prior
        self.begun: Mask = np.asarray(there.any(1) & (weight.sum(1) > 0))
        scores = prior.y[:, rows].transpose(1, 0, 2)  # (n, k, t)
        known: Mask = np.broadcast_to(there[:, None], scores.shape)
        if prior.known is not None:
            known = np.asarray(known & prior.known[:, rows].transpose(1, 0, 2))
        pairs, wrong = np.zeros(weight.shape, np.float32), np.zeros(weight.shape, np.float32)
        for i in range(1, rows.shape[1]):
            one, others, both = scores[:, :, i, None], scores[:, :, :i], known[:, :, i, None] & known[:, :, :i]
            mine, before = y[:, None, i, None], y[:, None, :i]
            apart = ((one > others) != (mine > before)) | ((one < others) != (mine < before))
            pairs += both.sum(2)
            wrong += (apart & both).sum(2)
        share = np.where(weight > 0, (wrong + 0.5) / (pairs + 1.0), np.inf)
        least = share.min(1, keepdims=True, initial=1.0)
        likely = np.exp((least - share) / _TEMPERATURE)
        self.weight = likely / np.maximum(likely.sum(1, keepdims=True), _LEAST)
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
