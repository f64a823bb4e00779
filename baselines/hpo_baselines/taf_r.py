"""A transfer acquisition function with weights by pairwise rankings."""

from __future__ import annotations

import numpy as np

from hpo_baselines._models.acquisition import expected_improvement, standardised, weighted_gain
from hpo_baselines._models.model_based import Acquisition
from hpo_baselines._models.ranked_experts import FEWEST, RankedExperts, RankedModel
from hpo_baselines._models.ranking import PEAK, kernel_weights
from hpo_baselines._transfer.earlier import Place
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


class _TAF(RankedModel):
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


@OPTIMIZERS.register("taf-r", family="transfer", trainable=False)
class TransferAcquisitionFunction(RankedExperts):
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

    The settings are those of `RankedExperts`.
    """

    version = 2
    model = _TAF
