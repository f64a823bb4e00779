"""The networks of a block of runs: layers as views of one row of weights, forward and backward.

Rows of a minibatch come last, so that a softmax reduces over a middle axis and each product is one call for all runs;
no product mixes two runs, so each has the same bits in any company.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.task import Keys
from hpo_gym.tasks.training.keyed import WEIGHTS, uniforms
from hpo_gym.tasks.training.recipe import CLASSES, INPUTS, Recipe

F32 = NDArray[np.float32]
ABSENT = np.float32(-1e9)
"""What is added to the output of a class that a task does not have."""


class Batch(NamedTuple):
    """Rows of `m` runs.

    Attributes:
        x: ``(m, b, 16)``, the last column 1.
        y: One-hot, ``(m, 4, b)``.
        absent: `ABSENT` for classes that are none, else 0: ``(m, 4, 1)``.
    """

    x: F32
    y: F32
    absent: F32


def layers(weights: F32, hidden: int) -> tuple[F32, F32]:
    """Views of weights ``(m, p)``: the hidden layer ``(m, hidden, 16)``, the output layer ``(m, 4, hidden + 1)``."""
    m, cut = len(weights), hidden * INPUTS
    return weights[:, :cut].reshape(m, hidden, INPUTS), weights[:, cut:].reshape(m, CLASSES, hidden + 1)


def initial(key: Keys, recipe: Recipe) -> F32:
    """Weights at the start, ``(m, p)``: uniform, of variance 1 / inputs of their layer, drawn by key."""
    out = (uniforms(key, WEIGHTS, recipe.weights) - 0.5) * math.sqrt(12.0)
    cut = recipe.hidden * INPUTS
    out[:, :cut] /= math.sqrt(INPUTS)
    out[:, cut:] /= math.sqrt(recipe.hidden)
    return out.astype(np.float32)


class Network:
    """Room for the passes of at most `most` runs over batches of `rows` rows; it holds nothing between calls."""

    def __init__(self, recipe: Recipe, most: int, rows: int) -> None:
        self.hidden, self.relu, self._share = recipe.hidden, recipe.activation == "relu", np.float32(1 / rows)
        self._z = np.ones((most, recipe.hidden + 1, rows), np.float32)  # the last row is the bias
        self._l = np.empty((most, CLASSES, rows), np.float32)
        self._d = np.empty((most, recipe.hidden, rows), np.float32)
        self._s = np.empty((most, recipe.hidden, rows), np.float32)
        self._t = np.empty((most, 1, rows), np.float32)

    def losses(self, weights: F32, batch: Batch) -> tuple[F32, NDArray[np.bool_]]:
        """Cross-entropy of each row in nats, and whether the true class has the highest output: ``(m, b)`` each."""
        logits = self._forward(weights, batch)[1]
        top = logits.max(1)
        true = (logits * batch.y).sum(1)
        logits -= top[:, None]
        np.exp(logits, out=logits)
        return np.log(logits.sum(1)) - (true - top), true >= top

    def gradient(self, weights: F32, batch: Batch, out: F32) -> F32:
        """Write the gradient of the mean loss into `out` ``(m, p)``; returns the mean loss in nats, ``(m,)``."""
        z, p = self._forward(weights, batch)
        hidden, total, d = z[:, :-1], self._t[: len(weights)], self._d[: len(weights)]
        first, second = layers(out, self.hidden)
        p -= p.max(1, keepdims=True)
        true = (p * batch.y).sum(1)
        np.exp(p, out=p)
        np.sum(p, axis=1, keepdims=True, out=total)
        p /= total
        np.log(total, out=total)
        loss = (total[:, 0] - true).sum(1) * self._share
        p -= batch.y
        p *= self._share
        np.matmul(p, z.swapaxes(1, 2), out=second)
        np.matmul(layers(weights, self.hidden)[1][:, :, :-1].swapaxes(1, 2), p, out=d)
        d *= self._slope(hidden)
        np.matmul(d, batch.x, out=first)
        return np.asarray(loss)

    def _forward(self, weights: F32, batch: Batch) -> tuple[F32, F32]:
        """Hidden units with the bias ``(m, hidden + 1, b)``, and outputs ``(m, 4, b)``."""
        first, second = layers(weights, self.hidden)
        z, logits = self._z[: len(weights)], self._l[: len(weights)]
        hidden = z[:, :-1]
        np.matmul(first, batch.x.swapaxes(1, 2), out=hidden)
        if self.relu:
            np.maximum(hidden, 0, out=hidden)
        else:
            np.tanh(hidden, out=hidden)
        np.matmul(second, z, out=logits)
        logits += batch.absent
        return z, logits

    def _slope(self, hidden: F32) -> F32:
        """The derivative of the activation where it has the value `hidden`."""
        slope = self._s[: len(hidden)]
        if self.relu:
            return np.sign(hidden, out=slope)  # never below 0
        np.multiply(hidden, hidden, out=slope)
        return np.subtract(1, slope, out=slope)
