"""Policies, weights of `m` as columns: one hidden layer of tanh units, and tanh for each action; and their returns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Keys, Singles
from hpo_gym.suites.tasks.policies.physics import Physics, Rows
from hpo_gym.suites.tasks.training.keyed import WEIGHTS, uniforms

HIDDEN = 8


def size(physics: Physics) -> int:
    """Weights of a policy, biases among them."""
    return HIDDEN * (physics.inputs + 1) + physics.outputs * (HIDDEN + 1)


def initial(key: Keys, physics: Physics) -> Singles:
    """Weights at the start, ``(n, p)``: the hidden layer uniform with variance 1 / inputs, all else 0: do nothing."""
    out = np.zeros((len(key), size(physics)), np.float32)
    hidden = HIDDEN * physics.inputs
    u = uniforms(key, WEIGHTS, hidden)
    out[:, :hidden] = (2 * u - 1) * np.sqrt(3 / physics.inputs)
    return out


class Policies:
    """Policies of one kind of physics.

    Args:
        physics: Their inputs and outputs.
        weights: ``(p, m)``: of each input to the hidden units, their biases, of each unit to the actions, their biases.
        gain: Factor of all inputs, ``(m,)``.
    """

    def __init__(self, physics: Physics, weights: NDArray[Any], gain: NDArray[Any]) -> None:
        self.physics = physics
        m, cut = weights.shape[1], HIDDEN * (physics.inputs + 1)
        self._first = weights[:cut].reshape(physics.inputs + 1, HIDDEN, m).copy()
        self._first[:-1] *= gain
        self._second = weights[cut:].reshape(HIDDEN + 1, physics.outputs, m)

    def __call__(self, seen: NDArray[Any]) -> NDArray[Any]:
        """Actions ``(outputs, m)`` for inputs ``(inputs, m)``."""
        return _layer(self._second, _layer(self._first, seen))


def _layer(weights: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return a layer's output, summed one after the other, so that a column has the same bits in any batch."""
    out = weights[-1].copy()
    for weight, value in zip(weights[:-1], values, strict=True):
        out += weight * value
    return np.asarray(np.tanh(out, out=out))


def returns(policies: Policies, state: Rows, constants: Rows, *, steps: int, effort: float) -> Rows:
    """Return the mean reward of an episode less the cost of effort, ``(m,)`` in [0, 1], one for each column.

    Args:
        state: At the start, ``(s, m)``.
        constants: ``(c, m)``.
        effort: Share of a reward lost if all actions are -1 or 1; in between it goes by their mean square.
    """
    physics, total = policies.physics, np.zeros_like(state[0])
    for _ in range(steps):
        action = policies(physics.seen(state, constants))
        state = physics.step(state, action, constants)
        total += physics.reward(state, constants) * (1 - effort * mean_square(action))
    return np.asarray(np.clip(total / steps, 0, 1))


def mean_square(action: Rows) -> Rows:
    """Return the mean square of actions ``(outputs, m)``, ``(m,)``; summed in order, for the same bits in any batch."""
    total = action[0] * action[0]
    for row in action[1:]:
        total += row * row
    return np.asarray(total / len(action))
