"""Families of physics: the kind, and the ranges of a task's constants, drawn by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hpo_gym.base import Floats, seeding
from hpo_gym.suites.tasks.policies.physics import PHYSICS, Physics
from hpo_gym.suites.tasks.training.keyed import uniforms

Range = tuple[float, float]

_COMMON: Mapping[str, Mapping[str, Range]] = {
    "cartpole": {
        "gravity": (8, 12), "cart": (0.7, 1.4), "pole": (0.07, 0.14), "length": (0.4, 0.7), "friction": (0.05, 0.1),
        "force": (7, 14),
    },
    "pendulum": {
        "gravity": (8, 12), "mass": (0.7, 1.4), "length": (0.7, 1.4), "damping": (0.03, 0.06), "strength": (1.2, 1.7),
    },
    "reacher": {
        "upper": (0.8, 1.2), "fore": (0.8, 1.2), "upper_mass": (0.8, 1.2), "fore_mass": (0.8, 1.2),
        "damping": (0.5, 1), "torque": (3, 6),
    },
}  # fmt: skip
"""Defaults of all families."""


@dataclass(frozen=True)
class Family:
    """A kind of physics in one regime.

    Attributes:
        kind: Name of the physics.
        regime: Ranges of constants that differ from the usual ones.
    """

    kind: str
    regime: Mapping[str, Range]

    @property
    def physics(self) -> Physics:
        """The physics of its tasks."""
        return PHYSICS[self.kind]

    def constants(self, seed: int) -> Floats:
        """Return the constants of a task, ``(c,)``, uniform in the logarithm; nine digits, alike on any processor."""
        names, ranges = self.physics.constants, {**_COMMON[self.kind], **self.regime}
        low, high = np.log([ranges[name] for name in names]).T
        key = np.array([seeding.key("physics", self.kind, dict(self.regime), seed)], np.uint64)
        drawn = np.exp(low + uniforms(key, 0, len(names))[0] * (high - low))
        return np.array([float(f"{constant:.9g}") for constant in drawn])


FAMILIES: Mapping[str, Mapping[str, Family]] = MappingProxyType(
    {
        "train": {
            "cartpole": Family("cartpole", {}),
            "cartpole-short": Family("cartpole", {"length": (0.15, 0.25)}),
            "cartpole-heavy": Family("cartpole", {"cart": (2.5, 5)}),
            "pendulum": Family("pendulum", {}),
            "pendulum-damped": Family("pendulum", {"damping": (0.5, 1.5)}),
            "pendulum-weak": Family("pendulum", {"strength": (0.5, 0.7)}),
            "reacher": Family("reacher", {}),
            "reacher-loose": Family("reacher", {"damping": (0.05, 0.15)}),
            "reacher-heavy": Family("reacher", {"fore_mass": (2.5, 4)}),
        },
        "val": {
            "cartpole-long": Family("cartpole", {"length": (1.5, 2.5), "pole": (0.2, 0.4)}),
            "pendulum-short": Family("pendulum", {"length": (0.25, 0.4)}),
            "reacher-strong": Family("reacher", {"torque": (10, 20)}),
        },
        "test": {
            "cartpole-moon": Family("cartpole", {"gravity": (1.4, 2)}),
            "cartpole-sticky": Family("cartpole", {"friction": (1, 3)}),
            "pendulum-strong": Family("pendulum", {"strength": (2.5, 4)}),
            "pendulum-moon": Family("pendulum", {"gravity": (1.4, 2)}),
            "reacher-uneven": Family("reacher", {"upper": (1.4, 1.8), "fore": (0.3, 0.5)}),
            "reacher-stiff": Family("reacher", {"damping": (2, 4)}),
        },
    }
)
"""Families by split."""

BY_NAME: Mapping[str, Family] = MappingProxyType(
    {name: family for families in FAMILIES.values() for name, family in families.items()}
)
