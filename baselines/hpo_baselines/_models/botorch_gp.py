"""An adapter of BoTorch's Gaussian process and acquisition function."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from hpo_baselines._models.acquisition import standardised
from hpo_gym.base import Floats

_CHUNK = 4096  # candidates at once


def fit_botorch(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
    """`LogExpectedImprovement` of a `SingleTaskGP` with BoTorch's own priors, after trials ``(n, d)``, ``(n,)``.

    One attempt: where it does not converge, the hyperparameters stay where it stopped, for a second one would start
    from a draw of PyTorch's global generator.
    """
    import torch
    from botorch.acquisition.analytic import LogExpectedImprovement
    from botorch.exceptions.errors import ModelFittingError
    from botorch.exceptions.warnings import InputDataWarning
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    z = torch.from_numpy(standardised(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputDataWarning)  # it wants a standard deviation by n - 1, of equal scores too
        model = SingleTaskGP(torch.from_numpy(x), z[:, None], outcome_transform=None)
    try:
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model), max_attempts=1)
    except ModelFittingError:
        model.eval()
    acquisition = LogExpectedImprovement(model, best_f=z.max())

    def value(candidates: Floats) -> Floats:
        with torch.no_grad():
            points = torch.from_numpy(candidates)[:, None]
            parts = [acquisition(points[i : i + _CHUNK]).numpy() for i in range(0, len(points), _CHUNK)]
        return np.asarray(np.concatenate(parts), np.float64)

    return value
