"""Files of agents with a policy: what it learned, as weights and JSON."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from hpo_agents._candidates.chosen import Candidates
from hpo_agents._policy.training import Tensors
from hpo_gym.errors import StateError, blame
from hpo_gym.learning.saved import read_saved, write_saved
from hpo_gym.space import SearchSpace
from hpo_gym.transfer.prior import Scale


class SavedPolicy(ABC):
    """What an agent with a policy knows, and how it is written and read.

    Attributes:
        name: The registered name.
        version: Files of another one are refused.
    """

    version = 2
    name: str
    _seen: frozenset[str] = frozenset()
    _suites: tuple[str, ...] = ()
    _space: SearchSpace | None = None
    _scale: Scale = Scale()
    _chosen: Candidates | None = None
    _weights: Tensors | None = None

    @abstractmethod
    def _learned(self, weights: Tensors) -> None:
        """Take the weights of the policy."""

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of the constructor, plain JSON."""
        return {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}

    @property
    def seen(self) -> frozenset[str]:
        """Families of the tasks that it was trained (or chosen by validation) on."""
        return self._seen

    def save(self, folder: Path) -> None:
        """Write `optimizer.json` and `weights.safetensors`.

        Raises:
            StateError: Neither trained nor loaded.
        """
        if self._weights is None:
            raise StateError(f"A {self.name!r} agent must be trained or loaded before it is saved.")
        about = {
            "version": self.version,
            "settings": self.settings,
            "suites": list(self._suites),
            "seen": sorted(self._seen),
            "space": None if self._space is None else self._space.to_json(),
            "scale": asdict(self._scale),
        }
        chosen = self._chosen
        own = {} if chosen is None else {"x": chosen.x} | ({} if chosen.rows is None else {"rows": chosen.rows})
        arrays = {f"candidates/{k}": v for k, v in own.items()}
        arrays |= {f"policy/{k}": v.numpy() for k, v in self._weights.items()}
        write_saved(folder, self.name, about, arrays, weights=True)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; its settings take the place of this agent's.

        Raises:
            DamagedDataError: A file is missing, damaged, or not of this agent and version.
        """
        about, arrays = read_saved(folder, self.name, self.version)
        with blame(Path(folder)):
            other = type(self)(**about["settings"])
            space, scale = about["space"], about["scale"]
            other._space = None if space is None else SearchSpace(space)
            told: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in scale.items()}
            other._scale = Scale(**told)
            if "candidates/x" in arrays and other._space is not None:
                other._chosen = Candidates(other._space, arrays["candidates/x"], arrays.get("candidates/rows"))
            weights = {k.removeprefix("policy/"): torch.tensor(v) for k, v in arrays.items() if k.startswith("policy/")}
            other._learned(weights)
            other._seen, other._suites = frozenset(about["seen"]), tuple(about["suites"])
        self.__dict__.update(other.__dict__)
