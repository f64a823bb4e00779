"""An ensemble of adapted networks as a surrogate, and its expected improvement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import vmap

from hpo_baselines._maml.maml import MetaLearner
from hpo_baselines._maml.training import Plan, learner_of, moments
from hpo_baselines._models.acquisition import log_expected_improvement
from hpo_baselines._models.networks import load_weights
from hpo_gym.base import Floats, InvalidValueError, Singles

_DECIMALS = 9  # of the acquisition: what differs by rounding only is equal, and the first counts

Adapted = dict[str, Tensor]
"""Parameters after the inner steps, ``(members, n, ...)`` for `n` runs."""


class Ensemble:
    """Trained members of one shape, adapted together: one `vmap` over members and runs.

    Adapting is in float64, so that a run in a batch and the same run alone round alike; predicting is in float32.
    """

    def __init__(self, members: Sequence[MetaLearner]) -> None:
        self.members = [m.double() for m in members]
        with torch.no_grad():
            thetas = [m.theta() for m in self.members]
            self._theta = {name: torch.stack([theta[name] for theta in thetas]) for name in thetas[0]}
            self._rates = torch.stack([m.rates() for m in self.members])
        over_runs = vmap(self.members[0].adapt_from, in_dims=(None, None, 0, 0))
        self._adapt = vmap(over_runs, in_dims=(0, 0, None, None))
        self._predict = vmap(self.members[0].predict, in_dims=(0, None))

    @torch.no_grad()
    def adapt(self, x: Singles, y: Floats) -> Adapted:
        """Restart each member and adapt it to `n` histories of one length, ``(n, h, e)`` and ``(n, h)``.

        A member that does not stay finite keeps its initialisation for that run.
        """
        theta = {name: p[:, None].expand(-1, len(x), *p.shape[1:]) for name, p in self._theta.items()}
        if x.shape[1]:
            adapted = self._adapt(self._theta, self._rates, torch.from_numpy(x).double(), torch.from_numpy(y))
            sound = torch.stack([p.isfinite().flatten(2).all(2) for p in adapted.values()]).all(0)  # (members, n)
            for name, p in adapted.items():
                theta[name] = p.where(sound.reshape(*sound.shape, *[1] * (p.dim() - 2)), theta[name])
        return {name: p.float() for name, p in theta.items()}

    @torch.no_grad()
    def predict(self, adapted: Adapted, run: int, x: Singles) -> tuple[Tensor, Tensor]:
        """Means and standard deviations of each member at `c` candidates, ``(members, c)``, float64."""
        out = self._predict({name: p[:, run] for name, p in adapted.items()}, torch.from_numpy(x))
        mean, log_variance = moments(out.double())
        return mean, torch.exp(0.5 * log_variance)

    def value(self, adapted: Adapted, run: int, x: Singles, best: float | None) -> Floats:
        """Return the logarithm of the expected improvement over `best`, or the mean without a best, ``(c,)``."""
        mean, sd = self.predict(adapted, run, x)
        if best is None:
            value = mean.mean(0)
        else:
            value = torch.logsumexp(torch.from_numpy(log_expected_improvement(mean.numpy(), sd.numpy(), best)), 0)
        return np.asarray(np.round(torch.nan_to_num(value, nan=-1e9).numpy(), _DECIMALS))

    # ------------------------------------------------------------------ files
    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All parameters, by member and name."""
        return {f"{i}.{n}": p.numpy() for i, m in enumerate(self.members) for n, p in m.state_dict().items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], plan: Plan, inputs: int) -> Ensemble:
        """Return the ensemble from the output of `to_arrays`.

        Raises:
            InvalidValueError: Arrays are missing or left over, or have another shape or type, or are not finite.
        """
        with torch.random.fork_rng(devices=[]):  # the starts are overwritten
            members = [learner_of(plan, inputs).double() for _ in range(plan.members)]
        parts: dict[str, dict[str, NDArray[Any]]] = {}
        for name, array in arrays.items():
            member, _, own = name.partition(".")
            parts.setdefault(member, {})[own] = array
        if parts.keys() != {str(i) for i in range(plan.members)}:
            raise InvalidValueError(f"Arrays must be those of {plan.members} members, got {sorted(parts)}.")
        for i, network in enumerate(members):
            load_weights(network, parts[str(i)])
        return cls(members)
