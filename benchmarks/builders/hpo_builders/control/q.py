"""Q-learning with tables or linear functions, in many episodes side by side.

**Reference**: Watkins, "Learning from delayed rewards" (1989).
**Differs from the paper**: rewards are times 1 - discount, so that values are in [0, 1]; episodes side by side share
their weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.control.counts import EPISODES, updates
from hpo_builders.control.features import Features, Tiles, Waves
from hpo_builders.control.problem import ControlProblem, Generators
from hpo_builders.control.rollouts import Greedy, Sight
from hpo_builders.control.systems import STEPS
from hpo_gym.base import Ints, Singles

ENVS = 32
"""Episodes side by side."""
REACH = {"raw": 1.0, "standard": 2.5}
"""How far tiles go."""


def q(problem: ControlProblem, config: Mapping[str, Any], generators: Generators, see: Sight) -> Iterator[Greedy]:
    """Train; the greedy policies of all trainings at each fidelity."""
    learned = features(problem, config, generators)
    discount, until = 1 - 1 / config["horizon"], config["q:decay"] * EPISODES / ENVS
    for some in updates(ENVS):
        for number in some:
            epsilon = 1 + (config["q:epsilon"] - 1) * min(1.0, number / until)
            got = _acted(problem, learned, see, generators, epsilon)
            for _ in range(config["q:sweeps"]):
                sweep(learned, got, discount, config["q:lambda"], config["q:learning_rate"])
        yield learned.greedy()


@dataclass(frozen=True, eq=False)
class Acted:
    """Actions and rewards in `h` steps of `n` episodes of each of `b` trainings.

    Attributes:
        features: Of the states before each step and after the last, ``h + 1`` of them.
        action: By number, ``(h, b, n)``.
        reward: Of the step, ``(h, b, n)``.
        alive: Whether it was not over, ``(h + 1, b, n)``.
    """

    features: Sequence[Any]
    action: Ints
    reward: Singles
    alive: NDArray[np.bool_]


def _acted(problem: ControlProblem, learned: Features, see: Sight, generators: Generators, epsilon: float) -> Acted:
    """Fresh episodes, each action the best one, or with probability `epsilon` any."""
    physics, actions, alive = problem.system.physics, problem.system.actions, problem.system.alive
    begun = problem.begin(generators, ENVS)
    state, constants = begun.state, begun.constants
    explore = np.stack([g.random((STEPS, ENVS), np.float32) for g in generators], 1) < epsilon
    action = np.stack([g.integers(actions.shape[1], size=(STEPS, ENVS)) for g in generators], 1)
    reward, lives = np.empty(action.shape, np.float32), np.ones((STEPS + 1, *action.shape[1:]), bool)
    seen = []
    for t in range(STEPS + 1):
        seen.append(learned.of(see(problem.seen(state, constants))))
        lives[t] = True if (still := alive(state)) is None else still
        if t < STEPS:
            action[t] = np.where(explore[t], action[t], learned.values(seen[t]).argmax(1))
            state = physics.step(state, actions[:, action[t]], constants)
            reward[t] = physics.reward(state, constants)
    return Acted(seen, action, reward, lives)


def sweep(learned: Features, got: Acted, discount: float, lambda_: float, rate: float) -> None:
    """Learn from episodes, the last step first: Q += rate (r + discount ((1 - l) max Q' + l G') - Q).

    G' is what the step after this one was moved towards, and l is `lambda_` where that took the best action, else 0.
    """
    ahead = learned.values(got.features[-1]).max(1)
    g, kept = ahead, np.float32(0)
    for t in range(len(got.action) - 1, -1, -1):
        future = np.where(got.alive[t + 1], ahead + kept * (g - ahead), 0)
        g = np.asarray(got.reward[t] * np.float32(1 - discount) + np.float32(discount) * future, np.float32)
        values = learned.values(got.features[t])
        now = np.take_along_axis(values, got.action[t][:, None], 1)[:, 0]
        learned.move(got.features[t], got.action[t], np.float32(rate) * (g - now), got.alive[t])
        ahead = values.max(1)
        kept = np.float32(lambda_) * (now >= ahead)


def features(problem: ControlProblem, config: Mapping[str, Any], generators: Generators) -> Features:
    """Return the features that a configuration asks for, at their first values."""
    inputs, a, level = problem.system.physics.inputs, problem.system.actions.shape[1], config["q:optimism"]
    if config["q:features"] == "tiles":
        reach = REACH[config["observations"]]
        return Tiles(len(generators), inputs, a, config["tiles:tilings"], config["tiles:bins"], reach, level)
    return Waves(generators, inputs, a, config["rbf:count"], config["rbf:width"], level)
