"""The two-stage transfer surrogate with weights by pairwise rankings."""

from __future__ import annotations

import numpy as np

from hpo_baselines._models.acquisition import log_expected_improvement, standardised
from hpo_baselines._models.model_based import Acquisition
from hpo_baselines._models.ranked_experts import FEWEST, RankedExperts, RankedModel
from hpo_baselines._models.ranking import PEAK, kernel_weights
from hpo_baselines._transfer.earlier import Place
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


class _TST(RankedModel):
    def fit(self, seen: Place, y: Floats) -> Acquisition | None:
        if not len(y):
            return self._experts.average
        weight = kernel_weights(self._experts.at(seen)[0], y, self._bandwidth)
        z = standardised(y)
        own, top = self._own.fit(seen, z) if len(y) >= FEWEST else None, float(z.max())
        if own is None and not weight.any():
            return None

        def value(at: Place) -> Floats:
            mean = weight @ self._experts.at(at)[0]
            if own is None:
                return log_expected_improvement(mean / weight.sum(), np.ones(len(mean)), top)
            mine, sd = own.predict(self._experts.columns(at.x, self.pool))
            return log_expected_improvement((mean + PEAK * mine) / (weight.sum() + PEAK), sd, top)

        return value


@OPTIMIZERS.register("tst-r", family="transfer", trainable=False)
class TwoStageTransferSurrogate(RankedExperts):
    """Expected improvement of a surrogate whose mean is shared by tasks, and whose uncertainty is the run's own.

    Stage one: a Gaussian process for each task of `context.prior` (`Experts`) and one for the run. Stage two: the mean
    of all of them, weighted by an Epanechnikov kernel of the share of pairs of trials that a task orders wrongly; the
    run's own process has the kernel's peak. The standard deviation is that of the run's own process, 1 (of
    standardised scores) with fewer than three trials. The first trial is where the mean of all tasks is best. Where
    no process has a weight, the choice is random. Without a prior: `gp-ei`.

    **Reference**: Wistuba, Schilling and Schmidt-Thieme, "Two-stage transfer surrogate model for automatic
    hyperparameter optimization", ECML PKDD 2016, https://doi.org/10.1007/978-3-319-46128-1_13

    **Differs from the paper**: a task's process learns from at most 80 points, drawn once; the bandwidth is fixed, not
    tuned; discordant pairs are counted once, so their share is in [0, 1]; the logarithm of expected improvement.

    The settings are those of `RankedExperts`.
    """

    version = 2
    model = _TST
