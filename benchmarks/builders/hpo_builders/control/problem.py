"""A problem of control: one system with drawn physics, and the episodes that judge policies for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_builders.control.systems import STEPS, SYSTEMS, System
from hpo_gym.base import Singles, seeding
from hpo_gym.suites import Rows

Generators = Sequence[np.random.Generator]

NEAR = 0.1
"""How far, in the logarithm, a constant of an episode is from that of its task at most."""
DECADES = 0.5
"""How far, in powers of ten up and down, the unit of a sensor is from the usual one."""
VALIDATION, TEST = 128, 256
"""Episodes that judge a policy."""


@dataclass(frozen=True, eq=False)
class Episodes:
    """Episodes side by side, one for each of the last axes.

    Attributes:
        constants: Their physics, ``(c, .., n)``.
        state: ``(s, .., n)``.
    """

    constants: Singles
    state: Singles


@dataclass(frozen=True, eq=False)
class ControlProblem:
    """A system to control.

    Attributes:
        name: "pendulum-3".
        system: Its kind.
        constants: About which those of an episode are drawn, ``(c,)``.
        unit: What each sensor shows for 1, ``(inputs,)``.
        validation, test: Episodes that judge, both of fresh physics and starts, ``(c, n)`` and ``(s, n)``.
        nothing: Mean reward of doing nothing in the validation and in the test episodes.
    """

    name: str
    system: System
    constants: Singles
    unit: Singles
    validation: Episodes
    test: Episodes
    nothing: tuple[float, float]

    def begin(self, generators: Generators, n: int) -> Episodes:
        """Fresh episodes, `n` by each of `b` generators: ``(c, b, n)`` and ``(s, b, n)``."""
        drawn = self.system.physics.drawn
        u = np.stack([g.random((len(self.constants) + drawn, n), np.float32) for g in generators], 1)
        return episodes(self.system, self.constants, u)

    def seen(self, state: Rows, constants: Rows) -> Singles:
        """Return the sensors' readings, ``(inputs, .., n)``."""
        shown = self.system.physics.seen(state, constants)
        return np.asarray(shown * self.unit.reshape(-1, *[1] * (shown.ndim - 1)), np.float32)


def episodes(system: System, constants: Singles, u: Singles) -> Episodes:
    """Episodes made of uniform numbers ``(c + drawn, .., n)``."""
    c = len(constants)
    centre = constants.reshape(-1, *[1] * (u.ndim - 1))
    near = centre * np.exp(np.float32(NEAR) * (2 * u[:c] - 1))
    return Episodes(near, np.asarray(system.physics.start(u[c:], near), np.float32))


def control_problem(name: str, seed: int) -> ControlProblem:
    """Return the problem of a name, `<system>-<number>`, whose physics and sensors the name draws.

    Args:
        name: Such as "pendulum-3".
        seed: Of the episodes that judge.
    """
    system = SYSTEMS[name.rsplit("-", 1)[0]]
    physics = system.physics
    low, high = np.log([system.ranges[c] for c in physics.constants]).T
    drawn = seeding.generator(seeding.key("control", name))
    constants = np.exp(drawn.uniform(low, high)).astype(np.float32)
    unit = (10 ** drawn.uniform(-DECADES, DECADES, physics.inputs)).astype(np.float32)
    judge = seeding.generator(seeding.key("control", name, "episodes", seed))
    both = [
        episodes(system, constants, judge.random((len(constants) + physics.drawn, n), np.float32))
        for n in (VALIDATION, TEST)
    ]
    validation, test = (idle(system, each) for each in both)
    return ControlProblem(name, system, constants, unit, both[0], both[1], (validation, test))


def idle(system: System, begun: Episodes) -> float:
    """Mean reward of doing nothing."""
    state = begun.state
    still, total = np.zeros((system.physics.outputs, *state.shape[1:]), np.float32), 0.0
    for _ in range(STEPS):
        state = system.physics.step(state, still, begun.constants)
        total += float(system.physics.reward(state, begun.constants).mean(dtype=np.float64))
    return total / STEPS
