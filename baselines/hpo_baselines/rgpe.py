"""The ranking-weighted Gaussian process ensemble."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.acquisition import expected_improvement, log_expected_improvement, standardised
from hpo_baselines._models.experts import FEWEST, Experts, OwnProcess, check_experts, experts_of
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines.gp_ei import GPModel
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("rgpe", family="transfer", trainable=False)
class RankingWeightedEnsemble(ModelBased):
    """Expected improvement of an ensemble: the run's own Gaussian process and one of each earlier task.

    A process' weight is its chance to order the run's trials best: the share of posterior samples at the trials in
    which it has the fewest wrong pairs (ties share). The run's own process is sampled at each trial without that trial.
    A task is left out whose median loss exceeds the 95th percentile of the own process' loss. With fewer than three
    trials, all tasks count alike and the improvement is over the best of their mean at the trials; the first trial is
    where that mean is best. Without a prior: `gp-ei`.

    **Reference**: Feurer, Letham, Hutter and Bakshy, "Practical transfer learning for Bayesian optimization", 2018,
    https://arxiv.org/abs/1802.02219

    **Differs from the paper**: a task's process learns from at most 80 points, drawn once; 30 samples; they are drawn
    point by point, without the correlation between trials.

    Args:
        samples: Posterior samples at the trials.
        rows: Points that the process of an earlier task learns from.
        draw: Seed of the draw of these points.
        one_hot: Whether a categorical has a column for each choice (see `Columns`).
    """

    version = 2

    def __init__(self, samples: int = 30, rows: int = 80, draw: int = 0, one_hot: bool = True) -> None:
        self.samples, self.rows, self.draw = samples, rows, draw
        self.one_hot = one_hot

    def begin(self, run: Run) -> Model:
        check_experts(self.rows, self.draw)
        if self.samples < 1:
            raise InvalidValueError(f"`samples >= 1` must hold, got {self.samples}; the nearest is 1.")
        experts = experts_of(run, self.rows, self.draw, self.one_hot)
        return GPModel(run, one_hot=self.one_hot) if experts is None else _RGPE(run, experts, self.samples)


class _RGPE(Model):
    def __init__(self, run: Run, experts: Experts, samples: int) -> None:
        super().__init__(run, experts.pool)
        self._experts, self._samples, self._own = experts, samples, OwnProcess(experts.columns)

    def fit(self, seen: Place, y: Floats) -> Acquisition | None:
        if len(y) < FEWEST:
            return self._start(seen, y)
        z = standardised(y)
        own = self._own.fit(seen, z)
        mean, variance = self._experts.at(seen)
        noise = self.run.rng.standard_normal((len(mean), self._samples, len(y)))
        losses = [ranking_losses(m, s, z, e) for m, s, e in zip(mean, np.sqrt(variance), noise, strict=True)]
        left_out = own.leave_one_out()
        mine = own_losses(*left_out, z, self.run.rng.standard_normal((self._samples, len(y))))
        weight, top = ranking_weights(np.array(losses), mine), float(z.max())

        def value(at: Place) -> Floats:
            own_mean, own_sd = own.predict(self._experts.columns(at.x, self.pool))
            their_mean, their_variance = self._mixture(at, weight[:-1])
            sd = np.sqrt(their_variance + weight[-1] ** 2 * own_sd**2)
            return log_expected_improvement(their_mean + weight[-1] * own_mean, sd, top)

        return value

    def _mixture(self, at: Place, weight: Floats) -> tuple[Floats, Floats]:
        """Return the tasks' share of the ensemble's mean and variance, each ``(c,)``."""
        who = np.flatnonzero(weight)
        if not who.size:
            return np.zeros(1), np.zeros(1)
        if at.exact and isinstance(at.row, slice):
            mean, variance = self._experts.mean[who], self._experts.variance[who]
        else:
            mean, variance = (a[who] for a in self._experts.at(at))
        return weight[who] @ mean, weight[who] ** 2 @ variance

    def _start(self, seen: Place, y: Floats) -> Acquisition:
        if not len(y):
            return self._experts.average
        best = float(self._experts.average(seen).max())

        def value(at: Place) -> Floats:
            mean, variance = self._experts.at(at)
            m = mean.mean(0)
            sd = np.sqrt(np.maximum((mean**2 + variance).mean(0) - m**2, 0.0))
            return expected_improvement(m, sd, best)

        return value


def ranking_losses(mean: Floats, sd: Floats, y: Floats, noise: Floats) -> Floats:
    """Ordered pairs of trials that each sample of a task's process has wrong, ``(s,)``.

    Args:
        mean, sd: At the trials, ``(n,)``.
        y: The run's scores, ``(n,)``.
        noise: Standard normal draws, ``(s, n)``.
    """
    f = mean + sd * noise
    return _wrong(f[:, :, None] < f[:, None, :], y)


def own_losses(mean: Floats, sd: Floats, y: Floats, noise: Floats) -> Floats:
    """Return `ranking_losses` of leave-one-out samples, each compared with the other trials' scores, ``(s,)``."""
    f = mean + sd * noise
    return _wrong(f[:, :, None] < y, y)


def _wrong(less: NDArray[np.bool_], y: Floats) -> Floats:
    """In how many pairs each of ``(s, n, n)`` differs from the order of `y`, ``(s,)``."""
    return np.asarray(np.count_nonzero(less != (y[:, None] < y), axis=(1, 2)), np.float64)


def ranking_weights(losses: Floats, own: Floats) -> Floats:
    """Return the weights of `k` tasks and, last, of the run's own process, ``(k + 1,)``, with a sum of 1.

    Args:
        losses: ``(k, s)``.
        own: ``(s,)``.
    """
    poor = np.median(losses, axis=1) > np.percentile(own, 95)
    every = np.vstack([np.where(poor[:, None], np.inf, losses), own])
    best = every == every.min(0)
    return np.asarray((best / best.sum(0)).mean(1))
