"""A transfer acquisition function with weights by pairwise rankings."""

from __future__ import annotations

import numpy as np

from hpo_baselines._models.acquisition import expected_improvement, standardised, weighted_gain
from hpo_baselines._models.experts import FEWEST, Experts, OwnProcess, check_experts, experts_of
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines.gp_ei import GPModel
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS

PEAK = 0.75  # of the Epanechnikov kernel


@OPTIMIZERS.register("taf-r", family="transfer", trainable=False)
class TransferAcquisitionFunction(ModelBased):
    """A weighted mean of the run's own expected improvement and of the improvement that earlier tasks predict.

    Each task of `context.prior` has a Gaussian process (`Experts`). The improvement that it predicts is that of its
    mean over the best of its means at the run's trials. Its weight is an Epanechnikov kernel of the share of pairs of
    trials that it orders wrongly. The run's own process, from the third trial on, has the kernel's peak as its weight.
    The first trial is where the mean of all processes is best. Where no improvement is predicted anywhere, the
    choice is random. Without a prior: `gp-ei`.

    **Reference**: Wistuba, Schilling and Schmidt-Thieme, "Scalable Gaussian process-based transfer surrogates for
    hyperparameter optimization", Machine Learning 107, 2018, https://doi.org/10.1007/s10994-017-5684-y

    **Differs from the paper**: a task's process learns from at most 80 points, drawn once; the bandwidth is fixed, not
    tuned; discordant pairs are counted once, so their share is in [0, 1].

    Args:
        bandwidth: Share of discordant pairs at which a task's weight is 0.
        rows: Points that the process of an earlier task learns from.
        draw: Seed of the draw of these points.
        one_hot: Whether a categorical has a column for each choice (see `Columns`).
    """

    version = 2

    def __init__(self, bandwidth: float = 0.5, rows: int = 80, draw: int = 0, one_hot: bool = True) -> None:
        self.bandwidth, self.rows, self.draw = bandwidth, rows, draw
        self.one_hot = one_hot

    def begin(self, run: Run) -> Model:
        check_experts(self.rows, self.draw, self.bandwidth)
        experts = experts_of(run, self.rows, self.draw, self.one_hot)
        return GPModel(run, one_hot=self.one_hot) if experts is None else _TAF(run, experts, self.bandwidth)


class _TAF(Model):
    def __init__(self, run: Run, experts: Experts, bandwidth: float) -> None:
        super().__init__(run, experts.pool)
        self._experts, self._bandwidth, self._own = experts, bandwidth, OwnProcess(experts.columns)

    def fit(self, seen: Place, y: Floats) -> Acquisition | None:
        if not len(y):
            return self._experts.average
        there = self._experts.at(seen)[0]
        weight, best = kernel_weights(there, y, self._bandwidth), there.max(1)
        if len(y) < FEWEST:
            if not weight.any():
                return None
            return lambda at: self._gain(at, weight, best) / (weight.sum() + 1e-12)
        z = standardised(y)
        own, top = self._own.fit(seen, z), float(z.max())

        def value(at: Place) -> Floats:
            mine = PEAK * expected_improvement(*own.predict(self._experts.columns(at.x, self.pool)), top)
            return np.asarray((mine + self._gain(at, weight, best)) / (PEAK + weight.sum() + 1e-12))

        return value

    def _gain(self, at: Place, weight: Floats, best: Floats) -> Floats:
        return weighted_gain(self._experts.at(at)[0], best, weight)


def discordance(mean: Floats, y: Floats) -> Floats:
    """Return the share of pairs of trials that each task orders otherwise than the run, ``(k,)``.

    Args:
        mean: Predictions of tasks at the run's trials, ``(k, n)``, `n` at least 2.
        y: The run's scores, ``(n,)``.
    """
    i, j = np.triu_indices(len(y), 1)
    return np.asarray(((mean[:, i] > mean[:, j]) != (y[i] > y[j])).mean(1))


def kernel_weights(mean: Floats, y: Floats, bandwidth: float) -> Floats:
    """Epanechnikov weights of tasks by their discordance, ``(k,)``; with fewer than two trials all alike."""
    if len(y) < 2:
        return np.full(len(mean), PEAK)
    t = discordance(mean, y) / bandwidth
    return np.asarray(np.where(t < 1.0, PEAK * (1.0 - t * t), 0.0))
