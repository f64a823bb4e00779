"""Files of agents with a policy: the learned content, as weights and JSON."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from hpo_agents._candidates.chosen import Candidates
from hpo_agents._policy.training import Tensors, policy_of
from hpo_baselines._runs.trained import Trained, check_finite
from hpo_gym.optimize import Arrays
from hpo_gym.problem import Scale


class SavedPolicy(Trained):
    """The knowledge of an agent with a policy, written and read."""

    version = 2
    networks = True
    _scale: Scale = Scale()
    _signals: tuple[str, ...] = ()
    _chosen: Candidates | None = None
    _weights: Tensors | None = None

    @abstractmethod
    def _learned(self, weights: Tensors) -> None:
        """Take the weights of the policy."""

    def about(self) -> dict[str, Any]:
        signals = {"signals": list(self._signals)} if self._signals else {}
        return {**super().about(), "scale": asdict(self._scale), **signals}

    def arrays(self) -> Arrays:
        assert self._weights is not None
        chosen = self._chosen
        own = {} if chosen is None else {"x": chosen.x} | ({} if chosen.rows is None else {"rows": chosen.rows})
        weights = {f"policy/{k}": v.numpy() for k, v in self._weights.items()}
        return {**{f"candidates/{k}": v for k, v in own.items()}, **weights}

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        check_finite(arrays)
        reported: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in about["scale"].items()}
        self._scale, self._signals = Scale(**reported), tuple(about.get("signals", ()))
        if "candidates/x" in arrays and self._space is not None:
            self._chosen = Candidates(self._space, arrays["candidates/x"], arrays.get("candidates/rows"))
        self._learned(policy_of({k: torch.tensor(v) for k, v in arrays.items()}))
