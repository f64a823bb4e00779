"""Small networks of several trainings at once, and Adam; the parameters of each are one row of an array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpo_builders.control.problem import Generators
from hpo_builders.control.rollouts import Greedy
from hpo_gym.base import Singles

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Network:
    """A linear map, or one hidden layer of tanh units and a linear map on top.

    Attributes:
        inputs, outputs: Numbers.
        hidden: Units; 0: there is no hidden layer.
    """

    inputs: int
    hidden: int
    outputs: int

    @property
    def size(self) -> int:
        """Parameters."""
        return sum(a * (b + 1) for a, b in self._shapes())

    def initial(self, generators: Generators) -> Singles:
        """Parameters at the start, ``(b, p)``: hidden weights uniform with variance 1 / inputs, all else 0."""
        out = np.zeros((len(generators), self.size), np.float32)
        count = self.hidden * self.inputs
        for row, generator in zip(out, generators, strict=True):
            row[:count] = generator.uniform(-1, 1, count) * np.sqrt(3 / self.inputs)
        return out

    def __call__(self, theta: Singles, x: Singles) -> tuple[Singles, Singles]:
        """Return outputs ``(.., outputs, n)`` and hidden units ``(.., hidden, n)`` of inputs ``(.., inputs, n)``.

        Without a hidden layer, the inputs stand for the units.
        """
        *first, (weight, bias) = self._layers(theta)
        units = x
        for w, b in first:
            units = w @ x
            units += b
            np.tanh(units, out=units)
        out = weight @ units
        out += bias
        return out, units

    def greedy(self, theta: Singles) -> Greedy:
        """Return the policies whose outputs are those of the parameters as they are now, ``(b, p)``."""
        kept = theta.copy()
        return Greedy(lambda x: self(kept, x)[0], bool(np.isfinite(kept).all()))

    def gradient(self, theta: Singles, x: Singles, units: Singles, slope: Singles) -> Singles:
        """Gradient by the parameters ``(.., p)`` of what has `slope` ``(.., outputs, n)`` by the outputs."""
        *first, (weight, _) = self._layers(theta)
        parts = []
        if first:
            back = (np.swapaxes(weight, -1, -2) @ slope) * (1 - units * units)
            parts += [back @ np.swapaxes(x, -1, -2), back.sum(-1)]
        parts += [slope @ np.swapaxes(units, -1, -2), slope.sum(-1)]
        return np.concatenate([p.reshape(*theta.shape[:-1], -1) for p in parts], -1)

    def _shapes(self) -> list[tuple[int, int]]:
        """Return outputs and inputs of each layer."""
        if self.hidden:
            return [(self.hidden, self.inputs), (self.outputs, self.hidden)]
        return [(self.outputs, self.inputs)]

    def _layers(self, theta: Singles) -> Iterator[tuple[Singles, Singles]]:
        """Weights ``(.., outputs, inputs)`` and biases ``(.., outputs, 1)``, views of the parameters."""
        at = 0
        for a, b in self._shapes():
            weight = theta[..., at : at + a * b].reshape(*theta.shape[:-1], a, b)
            bias = theta[..., at + a * b : at + a * (b + 1), None]
            at += a * (b + 1)
            yield weight, bias


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization" (2015), for rows of parameters at once."""

    def __init__(self, theta: Singles, rate: float) -> None:
        self._theta, self._rate, self._step = theta, rate, 0
        self._mean, self._square = np.zeros_like(theta), np.zeros_like(theta)

    def descend(self, gradient: Singles) -> None:
        """Move the parameters, in place, against a gradient."""
        self._step += 1
        self._mean += (1 - BETA_1) * (gradient - self._mean)
        self._square += (1 - BETA_2) * (gradient * gradient - self._square)
        root = np.sqrt(self._square / (1 - BETA_2**self._step)) + EPSILON
        self._theta -= (self._rate / (1 - BETA_1**self._step)) * self._mean / root
