"""Measurements of a network before its first update: the norm of its gradient, and its sharpness."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.suites.tasks.training.network import ExampleBatch, Network, dots, layers

STEPS = 4
_SMALL = np.float32(0.01)  # length of the step along which a gradient changes
_TINY = np.float32(1e-12)


def probe(net: Network, weights: Singles, batch: ExampleBatch) -> tuple[Singles, Singles]:
    """Norm of the gradient, and the largest curvature along it, each ``(m,)``.

    Sharpness is ``|H v|`` after `STEPS` power steps from the gradient's direction, each ``H v`` a difference of two
    gradients: the largest eigenvalue of the Hessian, from below.
    """
    start, other = np.empty_like(weights), np.empty_like(weights)
    net.gradient(layers(weights, net.hidden), batch, layers(start, net.hidden))
    norm = np.sqrt(dots(start, start))
    v, sharpness = np.asarray(start / (norm[:, None] + _TINY), np.float32), norm
    for _ in range(STEPS):
        moved = np.asarray(weights + _SMALL * v, np.float32)
        net.gradient(layers(moved, net.hidden), batch, layers(other, net.hidden))
        other -= start
        other /= _SMALL
        sharpness = np.sqrt(dots(other, other))
        v = np.asarray(other / (sharpness[:, None] + _TINY), np.float32)
    return norm, sharpness
