"""The networks of a block of runs: layers as views of one row of weights, forward and backward.

Rows of a minibatch come last, so that a softmax reduces over a middle axis and each product is one call for all runs;
no product mixes two runs, so each has the same bits in any company.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Keys, Singles
from hpo_gym.suites.tasks.training.keyed import WEIGHTS, uniforms
from hpo_gym.suites.tasks.training.recipe import CLASSES, INPUTS, Recipe

POWER_STEPS = 4  # of `probe`
_SMALL = np.float32(0.01)  # length of the step along which a gradient changes
_TINY = np.float32(1e-12)
ABSENT = np.float32(-1e9)
"""Added to the output of a class that a task does not have."""


class ExampleBatch(NamedTuple):
    """Rows of `m` runs.

    Attributes:
        x: ``(m, b, 16)``, the last column 1.
        y: One-hot, ``(m, 4, b)``.
        absent: `ABSENT` for classes that are none, else 0: ``(m, 4, 1)``.
    """

    x: Singles
    y: Singles
    absent: Singles


class Layers(NamedTuple):
    """Views of weights ``(m, p)``.

    Attributes:
        first: Of the hidden layer, ``(m, hidden, 16)``.
        second: Of the output layer, ``(m, 4, hidden + 1)``, the last column added.
        back: The output layer without that column, turned: ``(m, hidden, 4)``.
    """

    first: Singles
    second: Singles
    back: Singles


def layers(weights: Singles, hidden: int) -> Layers:
    """Return views of weights ``(m, p)``."""
    m, cut = len(weights), hidden * INPUTS
    second = weights[:, cut:].reshape(m, CLASSES, hidden + 1)
    return Layers(weights[:, :cut].reshape(m, hidden, INPUTS), second, second[:, :, :-1].swapaxes(1, 2))


def initial(key: Keys, recipe: Recipe) -> Singles:
    """Weights at the start, ``(m, p)``: uniform, of variance 1 / inputs of their layer, drawn by key."""
    out = (uniforms(key, WEIGHTS, recipe.weights) - 0.5) * math.sqrt(12.0)
    cut = recipe.hidden * INPUTS
    out[:, :cut] /= math.sqrt(INPUTS)
    out[:, cut:] /= math.sqrt(recipe.hidden)
    return out.astype(np.float32)


class Room(NamedTuple):
    """Buffers for the passes of `m` runs; `z` is `hidden` and a row of ones, and `turned` is it with rows first."""

    z: Singles
    hidden: Singles
    turned: Singles
    outputs: Singles
    down: Singles
    slope: Singles
    total: Singles


class Network:
    """Room for the passes of at most `most` runs over batches of `rows` rows; it holds nothing between calls."""

    def __init__(self, recipe: Recipe, most: int, rows: int) -> None:
        self._made = recipe, most, rows
        self.hidden, self.relu, self._share = recipe.hidden, recipe.activation == "relu", np.float32(1 / rows)
        z = np.ones((most, recipe.hidden + 1, rows), np.float32)  # the last row is the bias
        outputs, down, slope, total = (
            np.empty((most, k, rows), np.float32) for k in (CLASSES, recipe.hidden, recipe.hidden, 1)
        )
        self._most = Room(z, z[:, :-1], z.swapaxes(1, 2), outputs, down, slope, total)
        self._room = self._most

    def __reduce__(self) -> Any:
        return Network, self._made  # a copy of views would be arrays apart

    def losses(self, net: Layers, batch: ExampleBatch) -> tuple[Singles, NDArray[np.bool_]]:
        """Cross-entropy of each row in nats, and whether the true class has the highest output: ``(m, b)`` each."""
        logits = self._forward(net, batch).outputs
        top = logits.max(1)
        true = (logits * batch.y).sum(1)
        logits -= top[:, None]
        np.exp(logits, out=logits)
        return np.log(logits.sum(1)) - (true - top), true >= top

    def gradient(self, net: Layers, batch: ExampleBatch, out: Layers) -> Singles:
        """Write the gradient of the mean loss into `out`; returns the mean loss in nats, ``(m,)``."""
        room = self._forward(net, batch)
        p, total, down = room.outputs, room.total, room.down
        p -= p.max(1, keepdims=True)
        true = (p * batch.y).sum(1)
        np.exp(p, out=p)
        np.sum(p, axis=1, keepdims=True, out=total)
        p /= total
        np.log(total, out=total)
        loss = (total[:, 0] - true).sum(1) * self._share
        p -= batch.y
        p *= self._share
        np.matmul(p, room.turned, out=out.second)
        np.matmul(net.back, p, out=down)
        if self.relu:  # times the derivative of the activation at the hidden units
            down *= np.sign(room.hidden, out=room.slope)  # never below 0
        else:
            np.multiply(room.hidden, room.hidden, out=room.slope)
            down *= np.subtract(1, room.slope, out=room.slope)
        np.matmul(down, batch.x, out=out.first)
        return np.asarray(loss)

    def _forward(self, net: Layers, batch: ExampleBatch) -> Room:
        """Write hidden units and outputs."""
        m = len(net.first)
        if len(self._room.z) != m:
            self._room = Room(*(array[:m] for array in self._most))
        room = self._room
        np.matmul(net.first, batch.x.swapaxes(1, 2), out=room.hidden)
        if self.relu:
            np.maximum(room.hidden, 0, out=room.hidden)
        else:
            np.tanh(room.hidden, out=room.hidden)
        np.matmul(net.second, room.z, out=room.outputs)
        np.add(room.outputs, batch.absent, out=room.outputs)
        return room


def dots(one: Singles, other: Singles) -> Singles:
    """Products of rows ``(m, p)`` with those of the same run, ``(m,)``."""
    return np.asarray(np.matmul(one[:, None], other[:, :, None])[:, 0, 0])


def probe(net: Network, weights: Singles, batch: ExampleBatch) -> tuple[Singles, Singles]:
    """Norm of the gradient before the first update, and the largest curvature along it, each ``(m,)``.

    Sharpness is ``|H v|`` after `POWER_STEPS` steps from the gradient's direction, each ``H v`` a difference of two
    gradients: the largest eigenvalue of the Hessian, from below.
    """
    start, other = np.empty_like(weights), np.empty_like(weights)
    net.gradient(layers(weights, net.hidden), batch, layers(start, net.hidden))
    norm = np.sqrt(dots(start, start))
    v, sharpness = np.asarray(start / (norm[:, None] + _TINY), np.float32), norm
    for _ in range(POWER_STEPS):
        moved = np.asarray(weights + _SMALL * v, np.float32)
        net.gradient(layers(moved, net.hidden), batch, layers(other, net.hidden))
        other -= start
        other /= _SMALL
        sharpness = np.sqrt(dots(other, other))
        v = np.asarray(other / (sharpness[:, None] + _TINY), np.float32)
    return norm, sharpness
