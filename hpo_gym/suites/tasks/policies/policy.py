"""Policies: one hidden layer of tanh units, and tanh for each action; the weights of `m` policies as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Keys, Singles
from hpo_gym.suites.tasks.policies.physics import Physics
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
