"""The systems that are controlled: their physics, actions, and the ranges of a task's constants."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.control.physics import acrobot, double_pole, mountain_car
from hpo_gym.base import Singles
from hpo_gym.suites import CARTPOLE_ANGLE, CARTPOLE_LIMIT, PHYSICS, Physics, Rows

Over = Callable[[Rows], NDArray[np.bool_]]

STEPS = 100
"""Of an episode: all last so long, and what has fallen lies there for the rest."""


@dataclass(frozen=True, eq=False)
class System:
    """One kind of system.

    Attributes:
        name: The family of its tasks.
        side: The split of its tasks.
        physics: What happens.
        ranges: Between what the constants of a task are drawn, uniform in the logarithm.
        over: Whether all is over in states ``(s, ..)``: nothing moves, and rewards are 0. None: never.
    """

    name: str
    side: str
    physics: Physics
    ranges: Mapping[str, tuple[float, float]]
    over: Over | None = None

    @property
    def actions(self) -> Singles:
        """Return the actions, ``(outputs, a)``: -1, 0 or 1 at each output, nothing in the middle."""
        return np.array(list(itertools.product((-1, 0, 1), repeat=self.physics.outputs)), np.float32).T.copy()

    def alive(self, state: Rows) -> NDArray[np.bool_] | None:
        """Return where episodes go on, ``(..)``; None: everywhere, in all states of this system."""
        return None if self.over is None else ~self.over(state)


def _physics(kind: Any) -> Physics:
    return Physics(kind.INPUTS, kind.OUTPUTS, kind.CONSTANTS, kind.DRAWN, kind.start, kind.seen, kind.step, kind.reward)


def _fallen(state: Rows) -> NDArray[np.bool_]:
    return np.asarray((np.abs(state[0]) >= CARTPOLE_LIMIT) | (np.abs(state[2]) >= CARTPOLE_ANGLE))


_ALL = (
    System("cartpole", "train", PHYSICS["cartpole"], {
        "gravity": (8, 12), "cart": (0.7, 2), "pole": (0.07, 0.3), "length": (0.25, 0.8), "friction": (0.05, 1),
        "force": (7, 14),
    }, _fallen),
    System("pendulum", "train", PHYSICS["pendulum"], {
        "gravity": (8, 12), "mass": (0.7, 1.4), "length": (0.7, 1.4), "damping": (0.03, 0.3), "strength": (0.5, 1),
    }),
    System("reacher", "train", PHYSICS["reacher"], {
        "upper": (0.7, 1.4), "fore": (0.7, 1.4), "upper_mass": (0.7, 1.4), "fore_mass": (0.7, 1.4),
        "damping": (0.5, 2), "torque": (3, 8),
    }),
    System("mountain-car", "val", _physics(mountain_car), {"gravity": (0.002, 0.003), "force": (0.0008, 0.0016)}),
    System("acrobot", "test", _physics(acrobot), {
        "gravity": (8, 12), "upper": (0.8, 1.2), "lower": (0.8, 1.2), "upper_mass": (0.7, 1.4),
        "lower_mass": (0.7, 1.4), "damping": (0.02, 0.1), "torque": (2, 4),
    }),
    System("double-pole", "test", _physics(double_pole), {
        "gravity": (8, 12), "cart": (0.7, 1.4), "long_mass": (0.07, 0.14), "short_mass": (0.02, 0.05),
        "long": (1, 1.5), "short": (0.08, 0.18), "friction": (0.05, 0.2), "force": (7, 14),
    }, double_pole.over),
)  # fmt: skip

SYSTEMS: Mapping[str, System] = MappingProxyType({system.name: system for system in _ALL})
"""All systems by name."""
