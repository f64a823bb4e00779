"""An adapter of BoTorch's Gaussian process and acquisition function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hpo_baselines.acquisition import standardised
from hpo_gym.registry import require

Floats = NDArray[np.float64]

_CHUNK = 4096  # candidates at once


def fit_botorch(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
    """`LogExpectedImprovement` of a `SingleTaskGP` with BoTorch's own priors, after trials ``(n, d)``, ``(n,)``.

    A fit that does not converge leaves the hyperparameters where the optimizer stopped: with a warning of BoTorch, and
    still a posterior.

    Raises:
        MissingExtraError: BoTorch is not installed.
    """
    require("bo")
    import torch
    from botorch.acquisition.analytic import LogExpectedImprovement
    from botorch.exceptions.errors import ModelFittingError
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    z = torch.from_numpy(standardised(y))
    model = SingleTaskGP(torch.from_numpy(x), z[:, None], outcome_transform=None)
    try:
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    except ModelFittingError:
        model.eval()
    acquisition = LogExpectedImprovement(model, best_f=z.max())

    def value(candidates: Floats) -> Floats:
        with torch.no_grad():
            points = torch.from_numpy(candidates)[:, None]
            parts = [acquisition(points[i : i + _CHUNK]).numpy() for i in range(0, len(points), _CHUNK)]
        return np.asarray(np.concatenate(parts), np.float64)

    return value
