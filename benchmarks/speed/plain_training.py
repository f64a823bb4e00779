"""The loop that one would write by hand for one network: two-dimensional arrays, a generator of its own, no signals."""

from __future__ import annotations

import numpy as np

from hpo_gym.suites import CLASSES, INPUTS, Recipe, StreamSource

F32 = np.float32


class PlainTraining:
    """One network on fresh rows, an epoch at a time, with a validation pass after each."""

    def __init__(self, recipe: Recipe, source: StreamSource) -> None:
        self.recipe, self.rng = recipe, np.random.default_rng(0)
        x, y, _ = source.rows(recipe.chunks * recipe.slot + recipe.validation)
        labels = np.eye(CLASSES, dtype=F32)[y]
        cut = recipe.chunks * recipe.slot
        self.x, self.y, self.valid_x, self.valid_y = x[:cut], labels[:cut], x[cut:], labels[cut:]
        self.first = (self.rng.normal(size=(INPUTS, recipe.hidden)) / 4).astype(F32)
        self.second = (self.rng.normal(size=(recipe.hidden + 1, CLASSES)) / 4).astype(F32)
        self.moved = [np.zeros_like(self.first), np.zeros_like(self.second)]
        self.ones, self.many = np.ones((recipe.slot, 1), F32), np.ones((recipe.validation, 1), F32)

    def epoch(self, rate: float, decay: float = 0.9) -> float:
        """Train for an epoch; the validation loss in nats."""
        recipe = self.recipe
        order = self.rng.permutation(len(self.x))[: recipe.slot * recipe.slots]
        for k in range(0, len(order), recipe.slot):
            rows = order[k : k + recipe.slot]
            x, y = self.x[rows], self.y[rows]
            hidden = np.maximum(x @ self.first, 0)
            z = np.hstack([hidden, self.ones])
            p = _softmax(z @ self.second)
            p = (p - y) / recipe.slot
            back = (p @ self.second[:-1].T) * (hidden > 0)
            for weights, moved, gradient in zip(
                (self.first, self.second), self.moved, (x.T @ back, z.T @ p), strict=True
            ):
                moved *= decay
                moved -= F32(rate) * gradient
                weights += moved
        z = np.hstack([np.maximum(self.valid_x @ self.first, 0), self.many])
        return float(-np.log((_softmax(z @ self.second) * self.valid_y).sum(1) + 1e-12).mean())


def _softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(p / p.sum(1, keepdims=True))
