"""`Fit`: one network in training on rows of a table, with its checkpoint; all that is random in it is by its key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Keys, Singles, seeding
from hpo_gym.suites.tasks.fits.compiled import kernel
from hpo_gym.suites.tasks.fits.keyed import FLIPS, WEIGHTS, flipped
from hpo_gym.suites.tasks.fits.network import Net, Plan, Shape
from hpo_gym.suites.tasks.fits.numbers import sequence
from hpo_gym.suites.tasks.fits.recipe import Recipes, apart
from hpo_gym.suites.tasks.fits.tables import table

ROWS = 22
"""The purpose of random numbers."""
HEAVIEST = 1e6
"""The largest norm of weights: those of a larger one have diverged."""

Rows = tuple[Singles, NDArray[np.int8]]


class Fit:
    """One network in training.

    Args:
        key: Of all that is random.
        name: Of the table with its rows.
        recipes: The ranges of its recipe.

    Attributes:
        recipe: As drawn.
        net: The network.
        kept: Weights and running statistics of the checkpoint.
        updates: So far.
    """

    def __init__(self, key: int, name: str, recipes: Recipes) -> None:
        self._key = np.array([key], np.uint64)
        self._table = whole = recipes.table(self._key, table(name))
        self._guess = math.log(whole.classes)
        self.recipe = recipe = recipes.draw(self._key, whole)
        rows = np.argsort(sequence(_seed(self._key, ROWS), len(whole.y)))
        judges, valid = apart(whole)
        cuts = np.cumsum([recipe.rows, valid, judges])
        noise, classes = np.array([recipe.noise], np.float32), np.array([whole.classes])
        labels = whole.y[rows[: cuts[2]]].astype(np.int8)[None]
        self._labels = flipped(labels, seeding.mix(self._key, FLIPS), noise, classes)[0]
        self._rows, self._parts = rows, cuts
        self._valid = self._part(cuts[0], cuts[1])
        shape = recipe.shape(whole)
        weights = initial(self._key, shape, recipe.weights(whole))
        running = np.zeros((recipe.depth * recipe.normalised, 2, recipe.width), np.float32)
        running[:, 1] = 1
        second = np.zeros(len(weights) * (recipe.optimizer == "adamw"), np.float32)
        self.net, self.updates = Net(weights, np.zeros_like(weights), second, running, shape), 0
        self.keep()

    def _part(self, start: int, end: int) -> Rows:
        return self._inputs(self._rows[start:end]), self._labels[start:end]

    def _inputs(self, rows: NDArray[np.int64]) -> Singles:
        x = self._table.x.take(rows, 0)
        return x if self.recipe.scale == 1 else x * np.float32(self.recipe.scale)

    @property
    def traits(self) -> tuple[float, ...]:
        """Return `classes` to `layers` of the signals."""
        recipe, adaptive = self.recipe, self.recipe.optimizer == "adamw"
        weights = len(self.net.weights)
        return self.net.shape[3], recipe.rows, weights, recipe.batch, adaptive, recipe.normalised, recipe.depth

    def epoch(self, controls: Singles, order: np.uint64, masks: np.uint64) -> float:
        """Train for an epoch with learning rate, weight decay and dropout, and two seeds; return its loss."""
        batch = self.recipe.batch
        turn = np.argsort(sequence(order, self.recipe.rows))
        rate, decay, dropout = controls
        plan = Plan(batch, rate, decay, dropout, self.updates, masks)
        loss = kernel().train(self.net, self._inputs(self._rows[turn]), self._labels[turn], plan)
        self.updates += self.recipe.rows // batch
        return loss / self._guess

    def validated(self) -> tuple[float, float]:
        """Return loss and accuracy on the validation rows."""
        loss, accuracy = kernel().judge(self.net, *self._valid)
        return loss / self._guess, accuracy

    def dead(self) -> bool:
        """Return whether the weights have blown up."""
        return not np.dot(self.net.weights, self.net.weights) < HEAVIEST**2

    def keep(self) -> None:
        """Make the network the checkpoint."""
        self.kept = self.net.weights.copy(), self.net.running.copy()

    def tested(self) -> float:
        """Return the loss of the checkpoint on the test rows."""
        weights, running = self.kept
        net = self.net._replace(weights=weights, running=running)
        return kernel().judge(net, *self._part(self._parts[1], self._parts[2]))[0] / self._guess

    # ------------------------------------------------------------------ state
    def save(self) -> dict[str, NDArray[Any]]:
        """Return all that is not drawn by the key, fresh."""
        return {name: array.copy() for name, array in self._arrays().items()} | {"updates": np.array(self.updates)}

    def load(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take a state of `save`, of the same key and table."""
        for name, array in self._arrays().items():
            array[:] = saved[name]
        self.updates = int(saved["updates"])

    def _arrays(self) -> dict[str, NDArray[Any]]:
        state = {name: getattr(self.net, name) for name in ("weights", "first", "second", "running")}
        return {**state, "kept": self.kept[0], "kept_running": self.kept[1]}


def _seed(key: Keys, use: int) -> np.uint64:
    return np.uint64(seeding.mix(key, use)[0])


def initial(key: Keys, shape: Shape, count: int) -> Singles:
    """Weights at the start as PyTorch draws them, ``(count,)``: even within 1 / root of a layer's inputs, both ways."""
    inputs, width, depth, classes, _, normalised, _ = shape
    u = seeding.uniform(sequence(_seed(key, WEIGHTS), count))
    out: Floats = 2 * u - 1
    at, size = 0, inputs
    for layer, to in enumerate([width] * depth + [classes]):
        whole = size * to if normalised and layer < depth else (size + 1) * to
        out[at : at + whole] /= np.sqrt(size)
        at, size = at + whole, to
        if normalised and layer < depth:
            out[at : at + to], out[at + to : at + 2 * to] = 1, 0
            at += 2 * to
    return out.astype(np.float32)
