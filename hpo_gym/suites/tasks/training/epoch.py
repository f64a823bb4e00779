"""One epoch of many runs, block by block: updates on fresh rows, and measurements that the run itself could make."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hpo_gym.base import Ints, Singles
from hpo_gym.suites.tasks.training.network import ExampleBatch, Network, dots, layers
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.updates import Weights, adam, due, momentum

BLOCK = 64
"""Runs that are trained together: their data stay in the cache."""


class Settings(NamedTuple):
    """Controls of each run's epoch: learning rate, momentum, and slots of an update, each ``(n,)``."""

    rate: Singles
    momentum: Singles
    every: Ints

    def part(self, at: slice | Ints) -> Settings:
        """Return the settings of some runs."""
        return Settings(self.rate[at], self.momentum[at], self.every[at])


class EpochRows(NamedTuple):
    """The fresh rows of an epoch.

    Attributes:
        x: ``(m, slots, b, 16)``.
        y: One-hot, ``(m, slots, 4, b)``.
    """

    x: Singles
    y: Singles
    absent: Singles

    def slot(self, k: int) -> ExampleBatch:
        """Return the rows of one slot."""
        return ExampleBatch(self.x[:, k], self.y[:, k], self.absent)


class MeasuredEpoch(NamedTuple):
    """Measurements of an epoch, each ``(n,)``; not finite for a run that has blown up.

    Attributes:
        loss: Mean loss of its rows before the update on them, in nats.
        first, last: The same of the first and the last quarter of the slots.
        gradient: Root mean square of the norms of the slots' gradients.
        alignment: Mean cosine of the gradients of neighbouring slots.
        moved: Root mean square of the norms of the updates.
    """

    loss: Singles
    first: Singles
    last: Singles
    gradient: Singles
    alignment: Singles
    moved: Singles


class Trainer:
    """Trains runs of one recipe, block by block; it holds room for one block and nothing of any run."""

    def __init__(self, recipe: Recipe, n: int) -> None:
        self.recipe, self.block = recipe, min(n, BLOCK)
        self._update = momentum if recipe.optimizer == "sgd" else adam
        self._net = Network(recipe, self.block, recipe.slot)
        self._gradients = np.empty((3, self.block, recipe.weights), np.float32)

    def epoch(self, weights: Weights, settings: Settings, rows: Callable[[slice], EpochRows]) -> MeasuredEpoch:
        """Train each run for one epoch, in place."""
        n = len(weights.value)
        out = np.empty((6, n), np.float32)
        for start in range(0, n, self.block):
            at = slice(start, min(start + self.block, n))
            out[:, at] = self._epoch(weights.part(at), settings.part(at), rows(at))
        return MeasuredEpoch(*out)

    def _epoch(self, weights: Weights, settings: Settings, rows: EpochRows) -> Singles:
        m, slots = len(weights.value), self.recipe.slots
        rate, decay, every = settings.rate[:, None], settings.momentum[:, None], settings.every
        whole = bool((every == 1).all())
        share = (1 / every).astype(np.float32)[:, None]
        sums = None if whole else np.zeros_like(weights.value)
        losses, squares = np.empty((m, slots), np.float32), np.empty((m, slots), np.float32)  # summed run by run
        products, moves = np.zeros((m, slots - 1), np.float32), np.zeros(m, np.float32)
        net, pair = layers(weights.value, self.recipe.hidden), self._gradients[:2, :m]
        views = [layers(gradient, self.recipe.hidden) for gradient in pair]
        used, count = self._gradients[2, :m], np.zeros(m, np.float32)
        for k in range(slots):
            now = pair[k % 2]
            losses[:, k] = self._net.gradient(net, rows.slot(k), views[k % 2])
            squares[:, k] = dots(now, now)
            if k:
                products[:, k - 1] = dots(now, pair[1 - k % 2])
            if sums is None:
                who = None
                np.copyto(used, now)
            else:
                sums += now
                who = due(k, every)
                if not who.any():
                    continue
                np.multiply(sums, share, out=used)
                sums[who] = 0.0
            self._update(weights, used, rate, decay, who)
            square = dots(weights.moved, weights.moved)
            moves += square if who is None else np.where(who, square, 0)
            count += 1 if who is None else who
        cosines = (products / np.sqrt(squares[:, 1:] * squares[:, :-1] + _TINY)).sum(1)
        quarter = max(slots // 4, 1)
        gradient, moved = np.sqrt(squares.sum(1) / slots), np.sqrt(moves / np.maximum(count, 1))
        first, last = losses[:, :quarter].sum(1) / quarter, losses[:, -quarter:].sum(1) / quarter
        return np.stack([losses.sum(1) / slots, first, last, gradient, cosines / max(slots - 1, 1), moved])


_TINY = np.float32(1e-30)
